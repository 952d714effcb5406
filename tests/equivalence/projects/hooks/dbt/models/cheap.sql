select id, cents(1.5) as most from {{ ref('prices') }} where cents < 300
