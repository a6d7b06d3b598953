package expand

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/artifacts"
	"github.com/hozen-dfir/hozen/evidence"
)

// Bounds of one command.
const (
	commandTime   = 60 * time.Second
	commandOutput = 16 << 20        // bytes of each of its two outputs
	commandGrace  = 2 * time.Second // for it to end once it wrote more, and for its pipes once it ended
)

// command runs one COMMAND source, where that was allowed. Its output is an
// item /commands/<definition>/<n>.stdout, and .stderr where it wrote any; the
// exit status and the arguments are in the record's details.
func (d *definition) command(ctx context.Context, l collect.Ledger, s *artifacts.Source, n int) error {
	argv := append([]string{s.Cmd}, s.Args...)
	line := strings.Join(argv, " ")
	not := func(why string) error {
		l.Report(collect.Line{Kind: collect.LineUnsupported, Source: d.c.info.Name, Artifact: d.def.Name, Pattern: line, Reason: why})
		return nil
	}
	switch {
	case !d.c.info.Live:
		return not("commands run on a live host only")
	case !d.c.opt.AllowCommands:
		return not("commands run only with --allow-commands")
	case d.c.opt.Dry:
		return nil
	}
	r := evidence.Record{Source: d.c.info.Name, Path: fmt.Sprintf("/commands/%s/%d.stdout", d.def.Name, n+1), Method: "command", Artifacts: []string{d.def.Name}}
	r.Type = evidence.TypeStream
	args, err := json.Marshal(argv)
	if err != nil {
		return err
	}
	r.Details = map[string]string{"argv": string(args)}
	l = l.For(line, false)
	exe, err := find(s.Cmd)
	if err != nil {
		return collect.Gone(ctx, l, r, evidence.OutcomeOf(err), "", err)
	}
	return d.run(ctx, l, r, exe, s.Args)
}

// find gives the file of a command: the one named, or the one of that name in
// the system's own folders. The PATH of whoever runs the collector is not used.
func find(cmd string) (string, error) {
	if filepath.IsAbs(cmd) {
		return exec.LookPath(cmd)
	}
	if strings.ContainsAny(cmd, `/\`) {
		return "", fmt.Errorf("command %q is neither a name nor an absolute path", cmd)
	}
	var err error
	for _, dir := range systemPath() {
		var p string
		if p, err = exec.LookPath(filepath.Join(dir, cmd)); err == nil {
			return p, nil
		}
	}
	return "", err
}

// run starts the program without a shell, with a fixed environment and no
// input, and takes what it writes.
func (d *definition) run(ctx context.Context, l collect.Ledger, r evidence.Record, exe string, args []string) error {
	ctxRun, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	cmd := exec.CommandContext(ctxRun, exe, args...)
	cmd.Env = systemEnv()
	cmd.Dir = filepath.VolumeName(exe) + string(filepath.Separator)
	full := sync.OnceFunc(func() { time.AfterFunc(commandGrace, cancel) })
	stdout, stderr := &capped{limit: commandOutput, full: full}, &capped{limit: commandOutput, full: full}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.WaitDelay = commandGrace
	group(cmd)
	began := time.Now()
	err := cmd.Start()
	if err == nil {
		d.c.started.Add(1)
		err = cmd.Wait()
		if endGroup(cmd) {
			r.Details["left_running"] = "processes of the command's group ran on, and were ended"
		}
	}
	r.Details["executable"] = exe
	r.Details["duration"] = time.Since(began).Round(time.Millisecond).String()
	if cmd.ProcessState == nil {
		return collect.Gone(ctx, l, r, evidence.OutcomeOf(err), "", err)
	}
	r.Details["exit_status"] = strconv.Itoa(cmd.ProcessState.ExitCode())
	r.Details["state"] = cmd.ProcessState.String()
	cause := verdict(ctxRun, err, stdout.over || stderr.over)
	if err := output(ctx, l, r, stdout, cause); err != nil || stderr.buf.Len() == 0 {
		return err
	}
	r.Path = strings.TrimSuffix(r.Path, "stdout") + "stderr"
	return output(ctx, l, r, stderr, cause)
}

// verdict says why a command's output is not whole; an exit status other than
// 0 is a fact, not a reason.
func verdict(ctx context.Context, err error, over bool) error {
	var exit *exec.ExitError
	switch {
	case over:
		return fmt.Errorf("the command wrote more than %d bytes", commandOutput)
	case ctx.Err() != nil:
		return fmt.Errorf("the command was stopped: %w", ctx.Err())
	case err != nil && !errors.As(err, &exit):
		return err
	}
	return nil
}

// output adds what a command wrote, as a stream so that it can be partial.
func output(ctx context.Context, l collect.Ledger, r evidence.Record, b *capped, cause error) error {
	s, err := l.Stream(ctx, r)
	if err != nil {
		return err
	}
	if _, err := s.Write(b.buf.Bytes()); err != nil {
		return errors.Join(err, s.Close(ctx, nil, err))
	}
	return s.Close(ctx, nil, cause)
}

// capped keeps the first bytes written to it and drops the rest, so that the
// program does not block; full is called where there is a rest. The buffer is not embedded, for its ReadFrom knows no
// bound.
type capped struct {
	buf   bytes.Buffer
	limit int
	over  bool
	full  func()
}

func (c *capped) Write(p []byte) (int, error) {
	keep := min(len(p), c.limit-c.buf.Len())
	c.buf.Write(p[:keep])
	if keep < len(p) {
		c.over = true
		c.full()
	}
	return len(p), nil
}
