package rules

import (
	"testing"

	"github.com/hozen-dfir/hozen/collect"
)

// Folders of a Windows host that the paths below begin with.
const (
	sys     = "Windows/System32/"
	data    = "ProgramData/"
	user    = "Users/u/"
	local   = user + "AppData/Local/"
	roaming = user + "AppData/Roaming/"
	service = "Windows/ServiceProfiles/NetworkService/"
	machine = sys + "config/systemprofile/"
	guid    = "{53b39e88-18c4-11ea-a811-000d3aa4692b}"
)

// triagedWindows are files of workstations and servers that the triage profile
// must take.
var triagedWindows = []string{
	"$MFT", "$LogFile", "$Boot",
	sys + "config/SAM", sys + "config/SYSTEM.LOG1", sys + "config/SOFTWARE.LOG2", sys + "config/RegBack/SYSTEM", sys + "config/TxR/" + guid + ".TxR.0.regtrans-ms",
	"Users/Default/NTUSER.DAT", user + "NTUSER.DAT", user + "ntuser.dat.LOG1", user + "NTUSER.DAT" + guid + ".TM.blf",
	local + "Microsoft/Windows/UsrClass.dat", local + "Microsoft/Windows/UsrClass.dat.LOG2", local + "Microsoft/Windows/UsrClass.dat" + guid + ".TMContainer00000000000000000001.regtrans-ms",
	service + "NTUSER.DAT", service + "AppData/Local/Microsoft/Windows/UsrClass.dat", machine + "NTUSER.DAT.LOG1",
	local + "Packages/Microsoft.WindowsTerminal_x/Settings/settings.dat", local + "Packages/Microsoft.WindowsTerminal_x/LocalState/settings.json",
	"Windows/AppCompat/Programs/Amcache.hve.LOG1", "Windows/AppCompat/pca/PcaAppLaunchDic.txt",
	sys + "winevt/Logs/Security.evtx", sys + "winevt/Logs/Archive-Security-2026-01-01-00-00-00-000.evtx", sys + "winevt/Logs/Microsoft-Windows-PowerShell%4Operational.evtx",
	sys + "sru/SRUDB.dat", "Windows/Prefetch/CMD.EXE-4A81B364.pf", sys + "Tasks/Microsoft/Windows/UpdateOrchestrator/x", sys + "Tasks_Migrated/x", "Windows/Tasks/x.job",
	data + "Microsoft/Windows/Start Menu/Programs/Startup/x.lnk", roaming + "Microsoft/Windows/Start Menu/Programs/Startup/x.bat",
	roaming + "Microsoft/Windows/PowerShell/PSReadLine/ConsoleHost_history.txt", roaming + "Microsoft/Windows/PowerShell/PSReadLine/Visual Studio Code Host_history.txt",
	machine + "AppData/Roaming/Microsoft/Windows/PowerShell/PSReadLine/ConsoleHost_history.txt", user + "Documents/20260101/PowerShell_transcript.H.x.txt", "Program Files/PowerShell/7/profile.ps1",
	local + "Google/Chrome/User Data/Default/History", local + "Google/Chrome/User Data/Profile 1/Network/Cookies", local + "Google/Chrome/User Data/Default/Sessions/Session_1",
	local + "Google/Chrome/User Data/Local State", local + "Google/Chrome SxS/User Data/Default/History", local + "Chromium/User Data/Default/History", local + "Chromium/User Data/Local State",
	local + "Microsoft/Edge/User Data/Default/History", local + "Microsoft/Edge Beta/User Data/Default/History", local + "Vivaldi/User Data/Local State", roaming + "Opera Software/Opera Stable/Local State",
	local + "Microsoft/Edge/User Data/Default/Extensions/e/1/manifest.json",
	roaming + "Mozilla/Firefox/Profiles/p/places.sqlite", roaming + "Mozilla/Firefox/Profiles/p/cookies.sqlite-wal", roaming + "Mozilla/Firefox/Profiles/p/logins.json",
	roaming + "Mozilla/Firefox/Profiles/p/sessionstore-backups/recovery.jsonlz4", roaming + "Mozilla/Firefox/Profiles/p/sessionstore.jsonlz4", roaming + "Thunderbird/Profiles/p/prefs.js",
	local + "Microsoft/Windows/WebCache/WebCacheV01.dat",
	"$Recycle.Bin/S-1-5-21-1/$IABCDEF.txt", "$Recycle.Bin/S-1-5-21-1/$RABCDEF/x", data + "Microsoft/Network/Downloader/qmgr.db", data + "Microsoft/Network/Downloader/qmgr0.dat",
	sys + "wbem/Repository/OBJECTS.DATA", sys + "wbem/Repository/FS/MAPPING1.MAP", roaming + "Microsoft/Windows/Recent/AutomaticDestinations/x.automaticDestinations-ms",
	roaming + "Microsoft/Windows/Recent/x.lnk", local + "Microsoft/Terminal Server Client/Cache/Cache0000.bin", data + "Microsoft/Windows/WER/ReportArchive/AppCrash_x/Report.wer",
	data + "Microsoft/Windows Defender/Support/MPLog-20260101-000000.log", data + "Microsoft/Windows Defender/Quarantine/Entries/{x}", data + "Microsoft/Windows Defender/Quarantine/ResourceData/AB/ABCD",
	data + "Microsoft/Windows Defender/Scans/History/Service/DetectionHistory/01/x", "Windows/Temp/MpCmdRun.log", local + "Temp/MpCmdRun.log", service + "AppData/Local/Temp/MpCmdRun.log",
	"inetpub/logs/LogFiles/W3SVC1/u_ex260101.log", sys + "LogFiles/HTTPERR/httperr1.log", sys + "inetsrv/config/applicationHost.config", "inetpub/wwwroot/up/shell.aspx", "inetpub/wwwroot/shell.ashx",
	"Windows/Microsoft.NET/Framework64/v4.0.30319/Temporary ASP.NET Files/root/1/2/App_Web_x.dll",
	"Program Files/Microsoft/Exchange Server/V15/FrontEnd/HttpProxy/owa/auth/shell.aspx", sys + "drivers/etc/hosts", "Windows/INF/setupapi.dev.log", sys + "LogFiles/Firewall/pfirewall.log",
	sys + "LogFiles/Sum/Current.mdb", data + "ssh/sshd_config", data + "ssh/administrators_authorized_keys", data + "ssh/logs/sshd.log", user + ".ssh/authorized_keys", user + ".ssh/known_hosts",
	sys + "GroupPolicy/Machine/Scripts/Startup/x.bat", "Windows/SYSVOL/domain/Policies/{x}/Machine/Scripts/Startup/x.bat", "Windows/SYSVOL/domain/scripts/logon.bat", "Windows/SYSVOL/domain/Policies/{x}/Machine/Preferences/Groups/Groups.xml",
	data + "Microsoft/Wlansvc/Profiles/Interfaces/{x}/{y}.xml", sys + "dhcp/DhcpSrvLog-Mon.log", sys + "dns/dns.log", sys + "Microsoft/Protect/S-1-5-18/User/x", machine + "AppData/Local/Microsoft/Credentials/x",
	data + "Microsoft/Diagnosis/EventTranscript/EventTranscript.db", local + "ConnectedDevicesPlatform/L.u/ActivitiesCache.db", local + "Microsoft/Windows/Notifications/wpndatabase.db",
	roaming + "AnyDesk/ad.trace", data + "AnyDesk/connection_trace.txt", "Program Files (x86)/ScreenConnect Client (x)/app.config", "Windows/Temp/x.exe", "Users/Public/x.ps1", local + "Temp/a/x.exe", user + "Downloads/x.js", roaming + "x.exe", data + "vendor/x.exe",
	local + "Microsoft/Windows/PowerShell/ModuleAnalysisCache", data + "USOShared/Logs/System/x.etl", "Windows/debug/NetSetup.LOG", "Windows/debug/PASSWD.LOG",
}

func TestTriageOfWindows(t *testing.T) {
	triaged(t, collect.Windows, each(triagedWindows), 25)
}
