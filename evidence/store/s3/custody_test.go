package s3

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/hozen-dfir/hozen/evidence/custody"
	"github.com/hozen-dfir/hozen/evidence/keys"
	"github.com/hozen-dfir/hozen/evidence/store"
)

// custodyLog: appenders that run into each other and lose replies still make
// one whole log.
func custodyLog(t *testing.T, g *gateway) {
	c := g.config(g.bucket(t, false))
	losesPuts := newProxy(t, g, 3, func(w http.ResponseWriter, r *http.Request, pass http.Handler) {
		if r.Method == http.MethodPut {
			drop(w, r, pass)
			return
		}
		pass.ServeHTTP(w, r)
	})
	var wg sync.WaitGroup
	for n := range 3 {
		wg.Go(func() {
			conf := c
			if n == 0 {
				conf.Endpoint = losesPuts.URL
			}
			appendEntries(t, open(t, conf), fmt.Sprintf("Person %d", n), 4)
		})
	}
	wg.Wait()
	log, err := custody.Open(open(t, c), "IR-1", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	r, err := log.Verify(context.Background(), custody.VerifyOptions{})
	if err != nil || !r.OK() || r.Entries != 12 || r.Checkpoints != 12 || r.Receipts != 3 || len(r.Signers) != 3 {
		t.Fatalf("%+v, %v", r, err)
	}
}

func appendEntries(t *testing.T, s store.Store, person string, count int) {
	signer, err := keys.NewSigner(person, keys.Analyst)
	if err != nil {
		t.Error(err)
		return
	}
	log, err := custody.Open(s, "IR-1", time.Now)
	if err != nil {
		t.Error(err)
		return
	}
	ctx := context.Background()
	ref, err := log.PutReceipt(ctx, custody.Receipt{Bundle: "b", Store: person})
	if err != nil {
		t.Error(err)
		return
	}
	for range count {
		if _, err := log.Append(ctx, custody.Entry{Event: custody.Stored, Receipt: ref}, signer); err != nil {
			t.Errorf("%s: %v", person, err)
		}
	}
}
