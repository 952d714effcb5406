select one.team, one.name, other.name as other_name
from {{ ref('team_names') }} as one
join {{ ref('team_names') }} as other
    on other.team = one.team
    and other.name > one.name
    and other.valid_from <= one.valid_to
    and other.valid_to >= one.valid_from
