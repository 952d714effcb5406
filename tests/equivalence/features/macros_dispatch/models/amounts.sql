select {{ list_of(['id', 'price'], prefix='s.') }}, {{ money.as_amount('price') }} as amount,
  {{ label() }} as own_label, {{ money.label() }} as money_label, {{ shapes.both() }} as both_labels,
  {% call wrapped() %} 1 + 1 {% endcall %} as two
from {{ ref('sales') }} s
