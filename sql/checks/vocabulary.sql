-- Every enumeration holds only the words of its vocabulary.
-- mend: a newer or older version wrote the lake; serve with the version that wrote it.
with
words as (
    select of_column, unnest(string_split(listed, ' ')) as word
    from (values
        ('outcome', 'complete partial no_data rejected_number no_coverage pending failed'),
        ('validity', 'valid likely_valid likely_invalid invalid unknown'),
        ('basis', 'network inferred numbering_plan none'),
        ('reachability', 'reachable absent undeliverable blocked not_applicable unknown'),
        ('ported', 'ported likely_ported not_ported likely_not_ported unknown'),
        ('roaming', 'roaming not_roaming not_applicable unknown'),
        (
            'line_type',
            'mobile landline fixed_or_mobile virtual toll_free premium shared_cost personal pager uan voicemail unknown'
        ),
        ('billed', 'yes no refunded unknown'),
        ('cost_basis', 'reported reported_late list_price free none'),
        ('origin', 'live simulated imported'),
        ('parse_status', 'parsed rejected empty'),
        (
            'answer_status',
            'answered awaiting_approval deferred_budget in_flight awaiting_callback in_doubt no_coverage no_data '
            || 'provider_failed no_route suppressed'
        )
    ) as vocabulary (of_column, listed)
),

used as (
    select distinct of_column, word
    from base.lookups
    unpivot include nulls (
        word for of_column in (
            outcome,
            validity,
            validity_basis as basis,
            reachability,
            ported,
            roaming,
            line_type,
            billed,
            cost_basis,
            origin
        )
    )
    union
    select of_column, word
    from phone_numbers
    unpivot include nulls (
        word for of_column in (
            validity,
            validity_basis as basis,
            reachability,
            ported_status as ported,
            roaming_status as roaming,
            line_type
        )
    )
    union
    select 'parse_status', parse_status
    from base.phone_map
    union
    select of_column, word
    from phone_facts
    unpivot include nulls (word for of_column in (basis, answer_status))
)

select of_column, word
from used
anti join words using (of_column, word)
