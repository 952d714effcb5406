MODEL (
  name gold.revenue,
  kind FULL,
  audits (unique_values(columns := (customer)))
);

SELECT customer, SUM(amount)::INT AS revenue, @currency AS currency
FROM silver.stg_orders
GROUP BY customer
