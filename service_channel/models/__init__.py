"""The tables of the service channel. Importing this package registers all of them."""

from service_channel.models import allowance as allowance
from service_channel.models import connecting as connecting
from service_channel.models import credential as credential
from service_channel.models import page_post as page_post
from service_channel.models import sent_part as sent_part
