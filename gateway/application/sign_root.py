"""Sign a root: an operator vouches for the audit chain as it stands, so that its tail cannot be cut unseen."""

import json

from gateway.application.ports import Signer, Store
from gateway.domain.ids import OperatorId
from keys import base64url

ROOT = "pw-root+jwt"


async def sign_root(store: Store, signer: Signer, operator: OperatorId, now_us: int, last_seq: int) -> int:
    """Sign and keep the chain's head unless `last_seq` is it; returns the number of events vouched for."""
    head = await store.chain_head()
    if head.seq == last_seq:
        return last_seq
    claims = {"iss": operator, "iat": now_us // 1_000_000, "seq": head.seq, "hash": base64url.encode(head.hash)}
    jws = signer.jws(operator, "gateway", ROOT, json.dumps(claims, separators=(",", ":")).encode())
    async with store.writing() as ledger:
        await ledger.add_root(head.seq, head.hash, jws)
    return head.seq
