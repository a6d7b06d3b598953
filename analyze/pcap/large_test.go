package pcap

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// largeEnv tells a started test binary to analyze a generated capture.
const largeEnv = "HOZEN_PCAP_LARGE"

// traffic is an endless-looking capture, generated while it is read: hostile
// and plain connections side by side.
type traffic struct {
	left  int64
	buf   bytes.Buffer
	rnd   *rand.Rand
	mode  string
	clock uint32
	seqs  map[uint32]uint32
}

func newTraffic(mode string, size int64) *traffic {
	t := &traffic{left: size, rnd: rand.New(rand.NewPCG(1, 2)), mode: mode, seqs: map[uint32]uint32{}}
	h := []uint32{0xa1b2c3d4, 0x00040002, 0, 0, 262144, 101}
	_ = binary.Write(&t.buf, binary.LittleEndian, h)
	return t
}

func (t *traffic) Read(p []byte) (int, error) {
	for t.buf.Len() < len(p) && t.left > 0 {
		t.packet()
	}
	if t.buf.Len() == 0 {
		return 0, io.EOF
	}
	return t.buf.Read(p)
}

// packet writes one TCP segment of one of many connections.
func (t *traffic) packet() {
	t.clock++
	conn, n := t.rnd.Uint32N(5000), 1200
	first := false
	switch t.mode {
	case "flows": // each packet is a new connection
		conn, n = t.clock, 20
	case "gaps": // every segment leaves a hole
		n = 1
	}
	seq, known := t.seqs[conn]
	if t.mode != "flows" {
		first = !known
		step := uint32(n)
		if t.mode == "gaps" {
			step = 3
		}
		t.seqs[conn] = seq + step
	}
	b := make([]byte, 40+n)
	b[0], b[8], b[9] = 0x45, 64, 6
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	binary.BigEndian.PutUint32(b[12:], 10<<24|conn>>16)
	binary.BigEndian.PutUint32(b[16:], 0xc0000201)
	binary.BigEndian.PutUint16(b[20:], uint16(conn))
	binary.BigEndian.PutUint16(b[22:], 80)
	binary.BigEndian.PutUint32(b[24:], seq)
	b[32], b[33] = 0x50, 0x10
	for i := 40; i < len(b); i++ {
		b[i] = byte(t.rnd.Uint32())
	}
	if t.mode == "flows" {
		b[33] = 2
	}
	if first && t.mode == "bodies" {
		copy(b[40:], "HTTP/1.1 200 OK\r\nContent-Length: 90000000\r\n\r\n")
	}
	h := []uint32{1_700_000_000 + t.clock/1000, t.clock % 1000 * 1000, uint32(len(b)), uint32(len(b))}
	_ = binary.Write(&t.buf, binary.LittleEndian, h)
	t.buf.Write(b)
	t.left -= int64(len(b) + 16)
}

// TestLarge measures, in a process of its own, the peak memory over a 200 MB
// capture of each kind.
func TestLarge(t *testing.T) {
	if mode := os.Getenv(largeEnv); mode != "" {
		runLarge(t, mode)
		return
	}
	if testing.Short() {
		t.Skip("a 200 MB capture is not short")
	}
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("peak memory is read from /proc")
	}
	modes := []string{"plain"}
	if os.Getenv("HOZEN_FULL") != "" {
		modes = append(modes, "bodies", "gaps", "flows")
	}
	for _, mode := range modes {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestLarge$", "-test.v")
		cmd.Env = append(os.Environ(), largeEnv+"="+mode)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", mode, err, out)
		}
		_, line, ok := strings.Cut(string(out), "PEAK ")
		peak, _ := strconv.Atoi(strings.Fields(line + " 0")[0])
		t.Logf("%s: %s", mode, strings.SplitN(line, "\n", 2)[0])
		if !ok || peak == 0 || peak > 150<<10 && !raceDetector {
			t.Errorf("%s: peak of %d KiB", mode, peak)
		}
	}
}

func runLarge(t *testing.T, mode string) {
	start := time.Now()
	var contents, bytes int64
	h := Handler{
		Flow: func(*Flow) error { return nil },
		Body: func(*Body) error { return nil },
		Content: func(c *Content) error {
			contents++
			bytes += int64(len(c.Bytes))
			return nil
		},
	}
	st, err := Analyze(context.Background(), newTraffic(mode, 200<<20), Options{}, h)
	if err != nil && !errors.Is(err, ErrIncomplete) {
		t.Fatal(err)
	}
	status, err2 := os.ReadFile("/proc/self/status")
	if err2 != nil {
		t.Fatal(err2)
	}
	_, line, _ := strings.Cut(string(status), "VmHWM:")
	fmt.Printf("PEAK %s KiB, %v, %d packets, %d windows of %d bytes, error: %v\n",
		strings.Fields(line)[0], time.Since(start).Round(time.Millisecond), st.Decoded.Packets, contents, bytes, err)
}
