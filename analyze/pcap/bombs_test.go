package pcap

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// zip compresses as well as gzip can.
func zip(t *testing.T, b []byte) string {
	t.Helper()
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func response(coding, body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s", coding, len(body), body)
}

// TestBombs: bodies that unpack to far more than their size share a bound, are
// counted beyond it, and don't keep the rest from being read.
func TestBombs(t *testing.T) {
	b := newBuilder(t)
	bomb := zip(t, make([]byte, 1<<20))
	c := b.connect(40000, 80)
	c.send(server, strings.Repeat(response("gzip", bomb), 20)+response("identity", "payload"), 1400)
	c.close()
	k, st, err := b.analyze(Options{DecodedFloor: 4 << 20})
	whole, size := 0, int64(0)
	for _, r := range k.bodies {
		size += r.Size
		if r.Whole {
			whole++
		}
	}
	if !errors.Is(err, ErrIncomplete) || len(k.bodies) != 21 || st.BodiesCut == 0 || whole != 21-st.BodiesCut || size > 6<<20 {
		t.Errorf("%v, %d bodies, %d whole, %d bytes, %+v", err, len(k.bodies), whole, size, st)
	}
	if last := k.bodies[20]; last.SHA256 != digest("payload") {
		t.Errorf("%+v", last)
	}
}

// TestBodyOfNothing: a body that is given up before its first byte is counted.
func TestBodyOfNothing(t *testing.T) {
	b := newBuilder(t)
	blocks := zip(t, bytes.Repeat([]byte("\x00\x00\x00\xff\xff"), 1<<20))
	b.connect(40000, 80).send(server, response("deflate, gzip", blocks), 1400)
	_, st, err := b.analyze(Options{MaxDecoded: 1 << 20})
	if !errors.Is(err, ErrIncomplete) || st.BodiesCut != 1 {
		t.Errorf("%v %+v", err, st)
	}
}

// TestManyHeads: thousands of messages in each segment cost no more than their
// bytes do.
func TestManyHeads(t *testing.T) {
	b := newBuilder(t)
	c := b.connect(40000, 80)
	for range 20 {
		c.send(client, strings.Repeat("GET / HTTP/1.1\r\n\r\n", 3500), 65000)
	}
	began := time.Now()
	_, st, _ := b.analyze(Options{})
	if took := time.Since(began); st.Requests != 70000 || took > 20*time.Second {
		t.Errorf("%d requests in %v", st.Requests, took)
	}
}
