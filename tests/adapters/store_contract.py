"""What every store must do: one suite, run for each implementation and place.

A subclass gives two fixtures: `hands`, the clock and the randomness, and `store`, open and empty.
"""

from tests.adapters.store_admission import AdmissionContract
from tests.adapters.store_books import DirectoryContract, PeopleContract
from tests.adapters.store_chain import ChainContract
from tests.adapters.store_changes import ChangeContract
from tests.adapters.store_doors import DoorContract
from tests.adapters.store_money import MoneyContract
from tests.adapters.store_nested import NestedContract
from tests.adapters.store_pages import PageContract
from tests.adapters.store_partners import PartnerContract
from tests.adapters.store_transactions import TransactionContract


class StoreContract(
    DirectoryContract,
    PeopleContract,
    AdmissionContract,
    DoorContract,
    MoneyContract,
    ChainContract,
    TransactionContract,
    NestedContract,
    ChangeContract,
    PageContract,
    PartnerContract,
):
    """The whole of it."""
