package duckdb

import "strings"

// allowed lists the functions that agent SQL may call: pure functions of their
// arguments with bounded results, aggregates and windows. Operators appear
// under their own spelling, since the parser shows them as functions.
func allowed() map[string]bool {
	m := map[string]bool{}
	for _, f := range strings.Fields(`
		+ - * / // % ^ ** ~ ~~ !~~ ~~* !~~* || & | << >> ~~~ <> = < > <= >= != == @
		abs add divide multiply subtract mod fmod ceil ceiling floor round trunc round_even even sign sqrt cbrt exp ln log log2 log10 pow power
		pi sin cos tan asin acos atan atan2 radians degrees greatest least isnan isinf isfinite gcd lcm factorial
		width_bucket xor bit_count
		coalesce ifnull nullif if error
		lower upper length len strlen trim ltrim rtrim substring substr left right starts_with prefix ends_with suffix contains
		position strpos instr concat concat_ws split_part reverse like_escape not_like_escape ilike_escape not_ilike_escape
		regexp_matches regexp_full_match ascii chr
		year month day hour minute second millisecond microsecond quarter week weekofyear yearweek dayofmonth dayofweek weekday isodow dayofyear
		isoyear decade century era epoch epoch_ms epoch_us epoch_ns timezone last_day dayname monthname
		date_part datepart date_trunc datetrunc date_diff datediff date_sub datesub date_add make_date make_time make_timestamp make_timestamptz
		to_timestamp strftime strptime try_strptime age time_bucket julian extract
		to_years to_months to_weeks to_days to_hours to_minutes to_seconds to_milliseconds to_microseconds
		now today current_date current_timestamp current_time localtime localtimestamp get_current_timestamp get_current_time transaction_timestamp
		current_localtime current_localtimestamp
		count count_star count_if countif sum avg mean min max first last any_value arg_min arg_max argmin argmax min_by max_by
		sum_no_overflow fsum kahan_sum sumkahan favg product geomean geometric_mean
		stddev stddev_samp stddev_pop variance var_samp var_pop corr covar_samp covar_pop skewness kurtosis kurtosis_pop entropy sem mad mode median
		quantile quantile_cont quantile_disc regr_slope regr_intercept regr_r2 regr_count regr_avgx regr_avgy regr_sxx regr_syy regr_sxy
		bool_and bool_or approx_count_distinct
		row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value
		grouping grouping_id
		unnest generate_series list_value string_agg group_concat replace approx_quantile`) {
		m[f] = true
	}
	return m
}

// allowedTypes lists the types that a query may name or write a value of. TIME WITH
// TIME ZONE is none: DuckDB makes one with the offset that the zone has today, by
// the host's clock.
func allowedTypes() map[string]bool {
	m := map[string]bool{"TIMESTAMP WITH TIME ZONE": true}
	for _, t := range strings.Fields(`
		NULL BOOLEAN TINYINT SMALLINT INTEGER BIGINT HUGEINT UTINYINT USMALLINT UINTEGER UBIGINT UHUGEINT FLOAT DOUBLE DECIMAL
		VARCHAR DATE TIME TIMESTAMP TIMESTAMP_S TIMESTAMP_MS TIMESTAMP_NS INTERVAL LIST ARRAY`) {
		m[t] = true
	}
	return m
}

// shadowed are the clock's names: macros of the same name answer with the
// world's time, so that the host's clock cannot be read. The first takes
// arguments or none, as DuckDB spells it.
func shadowed() []string {
	return []string{
		"now() AS (SELECT now FROM pitwall_clock)",
		"current_timestamp() AS (SELECT now FROM pitwall_clock)",
		"get_current_timestamp() AS (SELECT now FROM pitwall_clock)",
		"transaction_timestamp() AS (SELECT now FROM pitwall_clock)",
		"current_date() AS (SELECT now::DATE FROM pitwall_clock)",
		"today() AS (SELECT now::DATE FROM pitwall_clock)",
		"current_time() AS (SELECT now::TIMESTAMP::TIME FROM pitwall_clock)",
		"get_current_time() AS (SELECT now::TIMESTAMP::TIME FROM pitwall_clock)",
		"current_localtime() AS (SELECT now::TIMESTAMP::TIME FROM pitwall_clock)",
		"current_localtimestamp() AS (SELECT now::TIMESTAMP FROM pitwall_clock)",
		"localtime() AS (SELECT now::TIMESTAMP::TIME FROM pitwall_clock)",
		"localtimestamp() AS (SELECT now::TIMESTAMP FROM pitwall_clock)",
	}
}
