select o.id, round(o.amount * r.rate, 2) as euros, '{{ env_var("SHOP_NAME", "shop") }}' as shop, upper(o.customer) as customer
from {{ ref('orders') }} o join {{ source('bronze', 'rates') }} r using (currency)
