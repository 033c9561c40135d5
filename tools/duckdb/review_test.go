package duckdb

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// Errors and column names are capped too.
func TestTextsAreCapped(t *testing.T) {
	w := newWorld(t, 10)
	sql := "WITH s0 AS (SELECT 'xxxxxxxxxxxxxxxx' AS s)"
	for i := 1; i <= 19; i++ {
		n := string(rune('a' + i))
		p := "s0"
		if i > 1 {
			p = "s" + string(rune('a'+i-1))
		}
		sql += ", s" + n + " AS (SELECT s || s AS s FROM " + p + ")"
	}
	_, err := w.Query(context.Background(), sql+" SELECT error(s) FROM st", 1)
	require.Error(t, err)
	require.Less(t, len(err.Error()), 3000)
	r, err := w.Query(context.Background(), `SELECT 1 AS "`+strings.Repeat("n", 15_000)+`"`, 1)
	require.NoError(t, err)
	require.Less(t, len(r.Columns[0]), 300)
	_, err = w.Query(context.Background(), `SELECT * FROM nosuch, (WITH "x.parquet" AS (SELECT 1) SELECT 1)`, 1)
	require.Equal(t, pitwall.SQLRefused, pitwall.CodeOf(err))
}
