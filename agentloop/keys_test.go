package agentloop

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every field of a key is in the key: changed alone, it makes another request.
// as_of cannot be changed alone from outside, since the context tells it too.
func TestEveryFieldOfAKeyCounts(t *testing.T) {
	for _, key := range []any{&turnKey{}, &replyKey{}} {
		v := reflect.ValueOf(key).Elem()
		seen := map[string]string{}
		keep := func(name string) {
			body, err := json.Marshal(key)
			require.NoError(t, err)
			require.Empty(t, seen[string(body)], "%s of %s changes nothing", name, v.Type())
			seen[string(body)] = name
		}
		keep("nothing")
		for i := range v.NumField() {
			f := v.Field(i)
			switch f.Kind() {
			case reflect.String:
				f.SetString("x")
			case reflect.Int:
				f.SetInt(7)
			case reflect.Map:
				f.Set(reflect.ValueOf(map[string]any{"x": 1}))
			case reflect.Slice:
				f.Set(reflect.MakeSlice(f.Type(), 1, 1))
			default:
				t.Fatalf("a field of kind %s: say here how to change it", f.Kind())
			}
			keep(v.Type().Field(i).Name)
			f.SetZero()
		}
	}
}
