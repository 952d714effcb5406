select
    {% for status in helpers.column_values(ref('without_note'), 'status') %}
    sum(amount) filter (where status = '{{ status }}') as "{{ status }}_amount",
    {% endfor %}
    count(*) as orders
from {{ ref('without_note') }}
