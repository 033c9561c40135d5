package duckdb

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// shim moves the clock of what is loaded behind it: DuckDB and ICU read it
// through the C library. Go reads the kernel's, so deadlines stay.
const shim = `#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>
#define MOVED (150L * 86400)
int clock_gettime(clockid_t id, struct timespec *t) {
	int r = ((int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime"))(id, t);
	if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) t->tv_sec += MOVED;
	return r;
}
int gettimeofday(struct timeval *restrict t, void *restrict z) {
	int r = ((int (*)(struct timeval *, void *))dlsym(RTLD_NEXT, "gettimeofday"))(t, z);
	t->tv_sec += MOVED;
	return r;
}
time_t time(time_t *out) {
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	if (out) *out = t.tv_sec;
	return t.tv_sec;
}
`

// No answer depends on the host's date: a worker whose clock is moved by 150 days
// answers every statement with the same bytes. That the clock did move, and that the
// host's date is one thing that DuckDB reads, is seen without the gate. With
// PITWALL_SQL_SAME set, every call of every allowed function is tried.
func TestHostDateIsNoInput(t *testing.T) {
	dir := t.TempDir()
	source, library := filepath.Join(dir, "shim.c"), filepath.Join(dir, "shim.so")
	require.NoError(t, os.WriteFile(source, []byte(shim), 0o600))
	if out, err := exec.CommandContext(t.Context(), "gcc", "-shared", "-fPIC", "-o", library, source, "-ldl").CombinedOutput(); err != nil {
		t.Skipf("skipped: gcc: %v %s", err, out)
	}
	moved := "LD_PRELOAD=" + library
	src := uneven(t)

	free := [2]*past{lived(t, src, firstDay), lived(t, src, firstDay)}
	free[0].env, free[1].env = []string{ungated + "=1"}, []string{ungated + "=1", moved}
	differ := func(text string) bool { return free[0].tell(text) != free[1].tell(text) }
	require.True(t, differ("SELECT system.main.today()"), "the clock did not move")
	require.True(t, differ("SELECT '12:00:00'::TIMETZ::VARCHAR"), "an offset that depends on the season")

	host, other := lived(t, src, firstDay), lived(t, src, firstDay)
	other.env = []string{moved}
	nth := often(400, 20)
	if os.Getenv("PITWALL_SQL_SAME") != "" {
		nth = 1
	}
	texts := append(append(append(append([]string{}, hostile...), corpus...), dated...), called(nth)...)
	for _, text := range append(texts, statements(t)...) {
		want, got := host.tell(text), other.tell(text)
		if !strings.HasPrefix(want, "TIMEOUT") && !strings.HasPrefix(got, "TIMEOUT") {
			require.Equal(t, want, got, text)
		}
	}
}

// called are calls of every allowed function with one and two arguments of every
// type that has to do with time: one of each nth.
func called(nth int) []string {
	values := []string{"'10:00'", "INTERVAL 1 HOUR", "DATE '2020-07-01'", "TIME '10:00'", "TIMESTAMP '2020-07-01 10:00'", "TIMESTAMPTZ '2020-07-01 10:00'", "now()", "'Europe/Berlin'", "1", "NULL"}
	var list []string
	for _, f := range slices.Sorted(maps.Keys(allowed())) {
		if name := f[0]; name < 'a' || name > 'z' {
			f = `"` + f + `"`
		}
		for _, a := range values {
			list = append(list, "SELECT ("+f+"("+a+"))::VARCHAR")
			for _, b := range values {
				list = append(list, "SELECT ("+f+"("+a+", "+b+"))::VARCHAR")
			}
		}
	}
	var some []string
	for i := 0; i < len(list); i += nth {
		some = append(some, list[i])
	}
	return some
}

// dated are statements about time: what may be asked of it without the host's.
var dated = func() []string {
	var list []string
	for _, f := range []string{"hour", "timezone_hour", "epoch", "date_part('timezone', $)", "extract(timezone FROM $)", "dayofweek", "strftime($, '%c %Z %z')", "($)::VARCHAR", "($)::TIME::VARCHAR", "($)::TIMESTAMPTZ::VARCHAR", "($)::TIMESTAMP::VARCHAR", "($)::DATE",
		"($ AT TIME ZONE 'Europe/Berlin')::VARCHAR", "age($, TIMESTAMP '2020-07-01')::VARCHAR", "date_trunc('day', $)::VARCHAR", "time_bucket(INTERVAL 1 MONTH, $)::VARCHAR", "($ + INTERVAL 6 MONTH)::VARCHAR", "last_day($)", "date_diff('day', $, TIMESTAMP '2020-07-01')",
		"timezone(INTERVAL 1 HOUR, $)", "($)::TIMETZ::VARCHAR", "greatest($, '2020-01-01')::VARCHAR", "coalesce($, '10:00')::VARCHAR", "(DATE '2020-07-01' + $)::VARCHAR"} {
		if !strings.Contains(f, "%)") && !strings.Contains(f, "(%") {
			f += "($)"
		}
		for _, v := range []string{"now()", "current_time", "current_date", "localtime", "TIME '10:00'", "TIMESTAMP '2020-01-01 10:00'", "TIMESTAMPTZ '2020-01-01 10:00'", "'10:00'", "'2020-01-01 10:00'", "'epoch'", "'today'", "'infinity'", "'10:00:00-05'",
			"strptime('10:00', '%H:%M')", "strptime('10:00 America/New_York', '%H:%M %Z')", "strptime('01', '%d')", "make_timestamptz(2020, 7, 1, 10, 0, 0.0)", "make_time(10, 0, 0.0)", "to_timestamp(0)", "NULL"} {
			list = append(list, "SELECT "+strings.ReplaceAll(f, "$", v))
		}
	}
	return list
}()
