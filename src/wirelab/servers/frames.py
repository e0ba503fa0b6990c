"""The frame around a site's directives: what nginx and Apache need to run here without root.

It writes texts, and starts nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"
MODULES = (
    "authn_core authz_core unixd log_config autoindex dir mime alias headers setenvif reqtimeout "
    "rewrite proxy proxy_http"
)
TYPES = {"text/html": "html", "text/css": "css", "text/plain": "txt"}


@dataclass(frozen=True)
class Frame:
    """How a program runs, around a site's own directives.

    `mpm` is Apache's process model, "event" or "prefork"; `workers` is nginx's worker processes or
    Apache's most requests at once (MaxRequestWorkers); `connections` is what must be held open.
    """

    mpm: str = "event"
    workers: int = 0
    connections: int = 256
    header_s: int = 0
    """Seconds allowed for a request's header; 0 leaves the program's own default."""


def nginx_text(site: str, folder: Path, frame: Frame) -> str:
    """nginx's whole configuration; its own files go to `folder`."""
    temporary = "\n".join(
        f"    {kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    header = f"    client_header_timeout {frame.header_s}s;\n" if frame.header_s else ""
    types = folder / "types.conf"  # in a file of its own, which a parser need not understand
    types.write_text("types {" + "".join(f"{k} {ends};" for k, ends in TYPES.items()) + "}\n")
    return f"""daemon off;
worker_processes {frame.workers or 1};
worker_rlimit_nofile {frame.connections * 5 // 4 + 200};
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections {frame.connections * 5 // 4 + 50}; }}
http {{
    access_log off;
    keepalive_requests 1000000;
{temporary}
{header}    include {types};
{site}
}}
"""


def apache_text(site: str, folder: Path, port: int, frame: Frame) -> str:
    """Apache's whole configuration; its own files go to `folder`."""
    modules = _modules()
    names = (f"mpm_{frame.mpm}", *MODULES.split())
    loaded = "\n".join(
        f"LoadModule {name}_module {modules / f'mod_{name}.so'}"
        for name in names
        if (modules / f"mod_{name}.so").is_file()
    )
    types = "\n".join(f"AddType {kind} .{ends}" for kind, ends in TYPES.items())
    header = f"RequestReadTimeout header={frame.header_s}\n" if frame.header_s else ""
    return f"""ServerRoot {folder}
ServerName {LOOPBACK}
PidFile {folder}/httpd.pid
ErrorLog {folder}/error.log
Mutex file:{folder} default
DefaultRuntimeDir {folder}
{loaded}
TypesConfig /dev/null
{types}
KeepAliveTimeout 60
MaxKeepAliveRequests 0
ServerLimit {frame.workers if frame.mpm == "prefork" and frame.workers else 16}
{_processes(frame)}{header}Listen {LOOPBACK}:{port}
<Directory />
    AllowOverride None
    Require all denied
</Directory>
{site}
"""


def _processes(frame: Frame) -> str:
    if frame.mpm == "prefork":
        workers = frame.workers or 8
        return (
            f"StartServers {workers}\nMinSpareServers 1\nMaxSpareServers {workers}\n"
            f"MaxRequestWorkers {workers}\n"
        )
    workers = frame.workers or 25
    factor = max(2, 2 * frame.connections // workers)
    return (
        f"ThreadLimit {max(64, workers)}\nThreadsPerChild {workers}\n"
        "StartServers 1\nMinSpareThreads 1\n"
        f"MaxSpareThreads {workers * 2}\nMaxRequestWorkers {workers}\n"
        f"AsyncRequestWorkerFactor {factor}\n"
    )


def _modules() -> Path:
    known = (
        "/usr/lib/apache2/modules",  # Debian
        "/usr/lib64/httpd/modules",  # Fedora
        "/usr/libexec/apache2",  # macOS
        "/opt/homebrew/lib/httpd/modules",
    )
    return next((Path(path) for path in known if Path(path).is_dir()), Path(known[0]))
