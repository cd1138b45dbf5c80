"""What the account pages need to speak to networks: which there are, and the keys to what is sealed."""

from dataclasses import dataclass

from app.extensions import desk, me, settings
from content_library.errors import NotFound
from content_library.models.account import NETWORK_NAMES
from content_library.permissions import can_manage_accounts, require
from content_library.web_addresses import FetchPolicy
from service_channel import accounts
from service_channel.networks.base import Connectable, Network, SignInNetwork
from service_channel.networks.pushed_sign_in import PushedSignIn
from service_channel.token_vault import TokenVault


@dataclass(frozen=True)
class Choice:
    """A network one can connect, and in which ways."""

    key: str
    name: str
    network: Network

    @property
    def typed(self) -> Connectable | None:
        """Where a password, a token or an address is typed in."""
        return self.network if isinstance(self.network, Connectable) else None

    @property
    def typed_title(self) -> str:
        """What stands above the form to type into."""
        return str(getattr(self.network, "typed_title", "With what you have from there"))

    @property
    def pushed(self) -> PushedSignIn | None:
        """Where a person signs in on the network, and the sign-in is handed in beforehand."""
        return self.network if isinstance(self.network, PushedSignIn) else None

    @property
    def signed(self) -> SignInNetwork | None:
        """Where a person signs in on the network."""
        return self.network if isinstance(self.network, SignInNetwork) else None


def choices() -> list[Choice]:
    """Every network but the page, in the order of their names."""
    found = accounts.networks(policy(), directory=settings().plc_directory)
    made = [Choice(key, NETWORK_NAMES[key], network) for key, network in found.items() if key != "page"]
    return sorted(made, key=lambda choice: choice.name.casefold())


def choice(key: str) -> Choice:
    """Raises NotFound."""
    found = next((one for one in choices() if one.key == key), None)
    if found is None:
        raise NotFound("There is no such network.")
    return found


def require_manager() -> None:
    require(can_manage_accounts(me(), desk().id), accounts.MAY_MANAGE)


def vault() -> TokenVault:
    return TokenVault(settings().vault_keys)


def policy() -> FetchPolicy:
    return FetchPolicy(allow=settings().fetch_allow)
