select {% for status in statuses(ref('orders')) %} sum(case when status = '{{ status }}' then amount end) as {{ status }}_amount, {% endfor %} count(*) as n
from {{ ref('orders') }}
