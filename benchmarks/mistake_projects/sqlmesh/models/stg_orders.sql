MODEL (
  name silver.stg_orders,
  kind VIEW,
  description 'Orders as the shop sent them',
  audits (
    unique_values(columns := (order_id)),
    not_null(columns := (order_id))
  )
);

SELECT order_id::INT AS order_id, customer::TEXT AS customer, amount::INT AS amount
FROM bronze.raw_orders
