"""The tables of the library. Importing this package registers all of them."""

from content_library.models import account as account
from content_library.models import agreement as agreement
from content_library.models import audit as audit
from content_library.models import boundary as boundary
from content_library.models import decision_link as decision_link
from content_library.models import desk as desk
from content_library.models import fact as fact
from content_library.models import feed as feed
from content_library.models import format as format
from content_library.models import ladder as ladder
from content_library.models import legal_hold as legal_hold
from content_library.models import media as media
from content_library.models import notice as notice
from content_library.models import post as post
from content_library.models import review as review
from content_library.models import suggestion as suggestion
from content_library.models import terms as terms
from content_library.models import topic as topic
from content_library.models import user as user
