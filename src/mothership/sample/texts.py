"""What the machines of the bundled sample say. `{name}` is filled in: a made-up secret, an address, a number."""

hosts = (
    "nyc-web01-prod", "nyc-web02-prod", "nyc-db01-prod", "osl-app01-prod", "osl-app02-staging", "bus-edge01-prod",
    "lb01", "mail02", "backup01", "vessel-aurora-nav01", "vessel-borealis-radar01", "web03.fra1.prod.example.com",
)  # fmt: skip
facilities = (
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
    "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
)  # fmt: skip
severities = ("emergency", "alert", "critical", "error", "warning", "notice", "info", "debug")

syslog_lines: dict[str, tuple[str, ...]] = {
    "sshd": (
        "Connection closed by {ip} port {port} [preauth]",
        "Received disconnect from {ip} port {port}:11: disconnected by user",
        "Failed publickey for deploy from {ip} port {port} ssh2",
        "Server listening on 0.0.0.0 port 22.",
    ),
    "systemd": (
        "Started Rotate log files.",
        "portal.service: Main process exited, code=exited, status=1/FAILURE",
        "Reached target Network is Online.",
        "Finished Daily apt download activities.",
    ),
    "kernel": (
        "eth0: link up, 1000 Mbps full duplex",
        "Out of memory: Killed process {n} (java) total-vm:{n}kB",
        "usb 1-1: new high-speed USB device number 4 using xhci_hcd",
        "nf_conntrack: table full, dropping packet from {ip}",
    ),
    "nginx": (
        'upstream timed out (110: Connection timed out) while reading from {ip}, request: "GET /api/v2/tracks/{n}"',
        '{ip} "GET /healthz HTTP/1.1" 200 2 in {ms} ms',
        '{ip} "POST /api/v2/positions HTTP/1.1" 202 17 in {ms} ms',
    ),
    "postgres": (
        "checkpoint complete: wrote {n} buffers in {ms} ms",
        "duration: {ms}.213 ms  statement: SELECT lat, lon FROM tracks WHERE vessel = {n} ORDER BY ts DESC LIMIT 50",
        "could not receive data from client: Connection reset by peer",
    ),
    "cron": ("(root) CMD (/usr/local/bin/rotate-tracks --keep 14)", "(backup) CMD (/opt/backup/run --set {n})"),
    "autopilot": (
        "heading hold engaged at {n} deg, rudder limit 12",
        "cross track error {ms} m exceeds limit, alarm 317 raised",
        "sensor gyro2 rejoined after {ms} ms",
    ),
}
log_lines: dict[str, tuple[str, ...]] = {
    "/var/log/nginx/access.log": (
        '{ip} - - "GET /charts/{n}.png HTTP/2.0" 200 {n} "-" "EdgeBrowser/4.2"',
        '{ip} - - "GET /login HTTP/2.0" 302 0 "-" "EdgeBrowser/4.2"',
    ),
    "/var/log/postgresql/postgresql-18-main.log": (
        "LOG:  automatic vacuum of table portal.public.tracks: index scans: 1",
        "ERROR:  deadlock detected while waiting for transaction {n}",
    ),
    "/opt/portal/logs/portal.log": (
        "INFO  crew list of voyage {n} loaded in {ms} ms",
        "WARN  cache miss for voyage {n}, reading from {host}",
        "ERROR upload of manifest {n} failed: 503 from shore, will retry in {ms} ms",
        "DEBUG worker {n} idle, session {hex}",
    ),
    "/var/log/auth.log": (
        "pam_unix(cron:session): session opened for user root by (uid=0)",
        "Disconnected from invalid user admin {ip} port {port} [preauth]",
    ),
    "/var/log/engine/monitor.log": (
        "cyl 4 exhaust temperature {ms} C, trend stable",
        "fuel rack position {n} lube oil pressure 4.1 bar",
        "generator 2 load {ms} kW frequency 60.02 Hz",
    ),
}
app_lines = (
    "login from {ip} accepted, session {hex}",
    "password reset requested, mail sent to {email}",
    "profile changed, new phone {phone}",
    "document {n} opened from {ip}",
    "order {n} paid in {ms} ms",
)
secret_lines = (
    "Accepted keyboard-interactive for {email} from {ip} port {port}",
    "mail to {email} deferred: mailbox full, queue id {hex}",
    "payment of voyage {n} declined for card {card}",
    "refund {n} goes to account {iban} in {ms} ms",
    "crew record {n} imported, SSN {ssn}, next of kin {phone}",
    "call the master on {phone} about container {n}",
    "connecting with password={password} to {host}",
    'config reloaded: "db_password": "{password}", "retries": 3',
    "Authorization: Bearer {token} rejected by {host}",
    "GET /api/v1/tracks?access_token={token}&limit=50 from {ip}",
    "session cookie carries {jwt}",
    "sync of bucket charts failed for key id {aws_key}: AccessDenied",
    "git fetch with {github_token} returned 403",
    "posting the alarm with {slack_token} failed after {ms} ms",
    "pulling https://svc:{password}@registry.example.com/portal:{n}",
    "postgresql://portal:{password}@db01.example.com:5432/portal refused the connection",
)
