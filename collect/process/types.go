package process

import (
	"github.com/hozen-dfir/hozen/collect/process/procfs"
	"github.com/hozen-dfir/hozen/evidence"
)

// Formats of the lines of processes.jsonl and files.jsonl.
const (
	Format     = "hozen-process/1"
	FileFormat = "hozen-open-file/1"
)

// Process is one process. Text that is not UTF-8 has its exact bytes in base64
// beside it, under the same name with "_b64".
type Process struct {
	Format       string        `json:"format"`
	PID          int           `json:"pid"`
	PPID         int           `json:"ppid"`
	PGID         int           `json:"pgid"`
	Session      int           `json:"session"`
	Comm         string        `json:"comm"`
	CommB64      string        `json:"comm_b64,omitempty"`
	State        string        `json:"state"` // R running, S sleeping, D waiting for a device, Z ended and not yet reaped …
	KernelThread bool          `json:"kernel_thread"`
	Args         []string      `json:"args,omitempty"`
	ArgsB64      string        `json:"args_b64,omitempty"`       // the whole command line, NUL-separated
	ArgsCut      bool          `json:"args_truncated,omitempty"` // longer than 256 KiB
	Cwd          string        `json:"cwd,omitempty"`
	CwdB64       string        `json:"cwd_b64,omitempty"`
	Root         string        `json:"root,omitempty"`
	RootB64      string        `json:"root_b64,omitempty"`
	Exe          *Exe          `json:"exe,omitempty"`
	Environ      *Raw          `json:"environ,omitempty"`
	Maps         *Raw          `json:"maps,omitempty"`
	Start        evidence.Time `json:"start,omitzero"` // by the wall clock of the moment of reading
	StartTicks   string        `json:"start_ticks"`    // since boot, as the kernel has it
	UserTicks    string        `json:"user_ticks"`
	SystemTicks  string        `json:"system_ticks"`
	VirtualBytes string        `json:"virtual_bytes"`
	Threads      int           `json:"threads"`
	TTY          string        `json:"tty,omitempty"` // major:minor of the controlling terminal

	UID        *IDs                           `json:"uid,omitempty"`
	GID        *IDs                           `json:"gid,omitempty"`
	Groups     []uint32                       `json:"groups,omitempty"`
	GroupNames []string                       `json:"group_names,omitempty"`
	Caps       map[string]procfs.Capabilities `json:"capabilities,omitempty"` // inheritable, permitted, effective, bounding, ambient
	Tracer     int                            `json:"tracer"`                 // process id of a debugger, or 0
	Seccomp    int                            `json:"seccomp"`                // 0 off, 1 strict, 2 filter
	NoNewPrivs bool                           `json:"no_new_privs"`
	LoginUID   string                         `json:"login_uid,omitempty"` // "unset", or the user who logged in
	LoginUser  string                         `json:"login_user,omitempty"`
	AuditID    string                         `json:"audit_session,omitempty"`
	OOMScore   string                         `json:"oom_score,omitempty"`
	OOMAdjust  string                         `json:"oom_score_adj,omitempty"`
	Limits     []procfs.Limit                 `json:"limits,omitempty"`
	Namespaces map[string]string              `json:"namespaces,omitempty"`     // inode by kind
	NSPIDs     []uint32                       `json:"namespace_pids,omitempty"` // the process id in each nested namespace, outermost first
	Cgroups    []string                       `json:"cgroups,omitempty"`
	Files      int                            `json:"open_files"`
	FilesCut   bool                           `json:"open_files_truncated,omitempty"`

	Hidden bool          `json:"hidden,omitempty"` // alive, but not in the listing of /proc
	Ended  bool          `json:"ended,omitempty"`  // ended, or its id was given away, while it was read
	Denied []string      `json:"denied,omitempty"` // what the system refused
	Errors []string      `json:"errors,omitempty"` // what else failed
	Read   evidence.Time `json:"read"`             // when reading began
	// The first thread has ended, which alone gives it the state Z, and the
	// process runs on: the facts are those of this thread of it.
	ReadThread int `json:"read_thread,omitempty"`
}

// IDs is a set of user or group ids; Name is that of the effective one, in the
// host's own account file.
type IDs struct {
	Real      uint32 `json:"real"`
	Effective uint32 `json:"effective"`
	Saved     uint32 `json:"saved"`
	FS        uint32 `json:"fs"`
	Name      string `json:"name,omitempty"`
}

// Exe is the file that a process runs.
type Exe struct {
	Path    string        `json:"path"` // the kernel's link, with its " (deleted)"
	PathB64 string        `json:"path_b64,omitempty"`
	Deleted bool          `json:"deleted,omitempty"` // no longer under its name
	Memfd   bool          `json:"memfd,omitempty"`   // never had a name
	Dev     string        `json:"dev,omitempty"`     // major:minor
	Inode   string        `json:"inode,omitempty"`
	Size    string        `json:"size,omitempty"`
	Mode    string        `json:"mode,omitempty"` // octal
	UID     string        `json:"uid,omitempty"`
	GID     string        `json:"gid,omitempty"`
	MTime   evidence.Time `json:"mtime,omitzero"`
	CTime   evidence.Time `json:"ctime,omitzero"`
	SHA256  string        `json:"sha256,omitempty"`
	Item    string        `json:"item,omitempty"`  // where its bytes are, if it was recovered
	Error   string        `json:"error,omitempty"` // why there is no hash
}

// Raw points to an item that holds raw bytes.
type Raw struct {
	Item  string `json:"item"`
	Size  string `json:"size"`  // bytes kept
	Count int    `json:"count"` // variables or mappings
	Cut   bool   `json:"truncated,omitempty"`
}

// File is one open file of one process.
type File struct {
	Format    string            `json:"format"`
	PID       int               `json:"pid"`
	FD        int               `json:"fd"`
	Kind      string            `json:"kind"` // file, socket, pipe, anon
	Target    string            `json:"target"`
	TargetB64 string            `json:"target_b64,omitempty"`
	Inode     string            `json:"inode,omitempty"`    // of a socket or pipe
	Socket    string            `json:"socket,omitempty"`   // addresses and state; all of it is in /network/sockets.jsonl
	Protocol  string            `json:"protocol,omitempty"` // of a socket that no list shows: TCP, NETLINK, AF_VSOCK, XDP …
	Access    string            `json:"access,omitempty"`   // r, w, rw
	Flags     string            `json:"flags,omitempty"`    // octal
	Pos       string            `json:"pos,omitempty"`
	MntID     string            `json:"mnt_id,omitempty"`
	More      map[string]string `json:"more,omitempty"`
}
