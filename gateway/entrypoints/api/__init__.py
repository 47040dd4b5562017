"""The REST interface: one route table, from which dispatch, the OpenAPI document and the rights' tests are made."""
