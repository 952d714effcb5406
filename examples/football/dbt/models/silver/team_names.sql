select
    current as team,
    former as name,
    cast(start_date as date) as valid_from,
    cast(end_date as date) as valid_to
from {{ source('bronze', 'former_names') }}
