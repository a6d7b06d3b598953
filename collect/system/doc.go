// Package system is the built-in artifact "hozen.system": what the running
// Linux host is, and what it says of its clock, users, modules and mounts.
//
// Its items belong to the live source and are of type stream:
//
//	/system/host.json       one Host
//	/system/users.jsonl     one Login a line: utmp records and logind sessions
//	/system/modules.jsonl   one Module a line, from /proc/modules and /sys/module
//	/system/mounts.jsonl    one Mount a line, from /proc/self/mountinfo
//	/system/settings.jsonl  one Setting a line: selected files of /proc/sys
//	/system/raw/<name>      files of /proc as the kernel prints them
//
// Observations: preload-file, hidden-module, unlisted-module.
package system
