-- One row per attempt and E.164: an answer that a provider gave. What the privacy rules forbid is shown as unknown.
-- attempt_id: the request that asked
-- phone_e164: the number in E.164
-- provider: who answered
-- product: what was bought of the provider
-- request_ref: the provider's id of the request
-- result_ref: the provider's id of the result
-- requested_at: when the request was sent, UTC
-- answered_at: when the reply was stored, UTC
-- observed_at: when the provider saw it, UTC; else answered_at
-- outcome: complete, partial, no_data, rejected_number, no_coverage, pending or failed
-- error_class: why it failed
-- validity: valid, likely_valid, likely_invalid, invalid or unknown
-- validity_basis: what validity rests on: network, inferred, numbering_plan or none
-- reachability: reachable, absent, undeliverable, blocked, not_applicable or unknown
-- ported: ported, likely_ported, not_ported, likely_not_ported or unknown
-- roaming: roaming, not_roaming, not_applicable or unknown
-- line_type: kind of line, such as mobile or landline; unknown when nobody said it
-- current_carrier_name: name of the current network
-- current_carrier_mccmnc: MCC and MNC of the current network, 5 or 6 digits
-- current_carrier_country: ISO 3166-1 alpha-2 country of the current network
-- original_carrier_name: name of the original network
-- original_carrier_mccmnc: MCC and MNC of the original network, 5 or 6 digits
-- original_carrier_country: ISO 3166-1 alpha-2 country of the original network
-- roaming_carrier_name: name of the roaming network
-- roaming_carrier_mccmnc: MCC and MNC of the roaming network, 5 or 6 digits
-- roaming_carrier_country: ISO 3166-1 alpha-2 country of the roaming network
-- country: ISO 3166-1 alpha-2 country of the number
-- cost_amount: charged for this number
-- cost_refund: given back for this number
-- cost_net: charged less given back
-- cost_currency: ISO 4217 code of the costs
-- cost_basis: reported, reported_late, list_price, free or none
-- billed: yes, no, refunded or unknown
-- raw_status: the provider's status as received
-- raw_error: the provider's error as received
-- raw_permanent: the provider's own flag that an error is permanent
-- caller_name: whose number it is; NULL where that was not asked for, or may not be kept in the number's country
-- lookup_id: the answer: the id of the attempt and the number's place in it
-- quote_id: the quote that it was bought under
-- dagster_run_id: the Dagster run that asked
-- origin: live, simulated or imported
-- parser_version: version of the parser that read the reply
with
answers as (
    select
        *,
        ('roaming', coalesce(country, '')) not in (from base.allowed) as hides_roaming,
        ('reachability', coalesce(country, '')) not in (from base.allowed) as hides_reachability,
        ('caller_name', coalesce(country, '')) not in (from base.allowed) as hides_caller_name
    from base.lookups
)

select
    attempt_id,
    phone_e164,
    provider,
    product,
    request_ref,
    result_ref,
    requested_at,
    answered_at,
    observed_at,
    outcome,
    error_class,
    validity,
    validity_basis,
    case when hides_reachability then 'unknown' else reachability end as reachability,
    ported,
    case when hides_roaming then 'unknown' else roaming end as roaming,
    line_type,
    current_carrier_name,
    current_carrier_mccmnc,
    current_carrier_country,
    original_carrier_name,
    original_carrier_mccmnc,
    original_carrier_country,
    case when not hides_roaming then roaming_carrier_name end as roaming_carrier_name,
    case when not hides_roaming then roaming_carrier_mccmnc end as roaming_carrier_mccmnc,
    case when not hides_roaming then roaming_carrier_country end as roaming_carrier_country,
    country,
    cost_amount,
    cost_refund,
    cost_net,
    cost_currency,
    cost_basis,
    billed,
    raw_status,
    raw_error,
    raw_permanent,
    case when not hides_caller_name then caller_name end as caller_name,
    lookup_id,
    quote_id,
    dagster_run_id,
    origin,
    parser_version
from answers
