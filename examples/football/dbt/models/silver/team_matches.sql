{{ config(materialized='ephemeral') }}

{% for side, other in [('home', 'away'), ('away', 'home')] %}
select
    match_id,
    played_on,
    tournament,
    {{ side }}_team as team,
    {{ other }}_team as opponent,
    {{ side }}_score as goals_for,
    {{ other }}_score as goals_against
from {{ ref('matches') }}
where is_played
{% if not loop.last %}union all{% endif %}
{% endfor %}
