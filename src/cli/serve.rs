//! `mcpvisor serve` and `mcpvisor stdio`: run the gateway.

use super::options::{Common, Overrides};
use super::{block_on, complain, say};
use crate::admin::{self, Desk, Exposure};
use crate::config::Config;
use crate::exit::Exit;
use crate::faces::{HttpEntrance, StdioEntrance};
use crate::gateway;
use crate::signals::Signals;
use clap::Args;
use mcpvisor_actors::catalog::{NoView, Selector};
use mcpvisor_actors::ingress::Face;
use std::net::SocketAddr;
use std::sync::Arc;

/// Options of `serve`.
#[derive(Debug, Clone, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    overrides: Overrides,
    /// Serve a client on stdin and stdout too.
    #[arg(long)]
    stdio: bool,
    #[command(flatten)]
    part: StdioPart,
    #[arg(skip = true)]
    http: bool,
}

/// What the client on stdin and stdout sees; everything when nothing is said.
#[derive(Debug, Clone, Default, Args)]
#[group(multiple = false)]
pub(super) struct StdioPart {
    /// Show one server on stdin and stdout, under its own names.
    #[arg(long, value_name = "NAME")]
    server: Option<String>,
    /// Show a group of the configuration on stdin and stdout.
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
}

impl StdioPart {
    fn selector(&self) -> Selector {
        match (&self.server, &self.group) {
            (Some(name), _) => Selector::server(name),
            (None, Some(name)) => Selector::group(name),
            (None, None) => Selector::All,
        }
    }

    /// Whether there is such a part.
    fn is_in(&self, config: &Config) -> Result<(), NoView> {
        let enabled = config.servers.values().filter(|server| server.enabled);
        let servers: Vec<&str> = enabled.map(|server| server.name.as_str()).collect();
        match (&self.server, &self.group) {
            (Some(name), _) if !servers.contains(&name.as_str()) => {
                Err(NoView::new("server", name, servers))
            }
            (None, Some(name)) if !config.groups.contains_key(name) => {
                Err(NoView::new("group", name, config.groups.keys().map(String::as_str)))
            }
            _ => Ok(()),
        }
    }
}

/// Options of `stdio`.
#[derive(Debug, Clone, Args)]
pub(super) struct StdioArguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    part: StdioPart,
}

impl Arguments {
    /// `mcpvisor stdio`: no listener at all.
    pub(super) fn stdio_only(StdioArguments { common, part }: StdioArguments) -> Self {
        Self { common, overrides: Overrides::default(), stdio: true, part, http: false }
    }
}

/// Runs the gateway until it is stopped.
pub(super) fn run(arguments: &Arguments) -> Exit {
    #[cfg(target_os = "linux")]
    crate::descriptors::make_room();
    let part = &arguments.part;
    let selector = part.selector();
    if !arguments.stdio && selector != Selector::All {
        complain("error: --server and --group are for the client on stdin and stdout; add --stdio");
        return Exit::Usage;
    }
    let config = match arguments.common.load(&arguments.overrides) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    if let Err(error) = part.is_in(&config) {
        complain(format_args!("error: {error}"));
        return Exit::Usage;
    }
    block_on(serve(arguments, &config))
}

async fn serve(arguments: &Arguments, config: &Config) -> Exit {
    // before there is anything to stop in order
    let mut signals = Signals::listen();
    let mut faces: Vec<Arc<dyn Face>> = Vec::new();
    let (mut address, desk) = (None, Desk::new());
    if arguments.http {
        match HttpEntrance::bind(gateway::http_settings(config)) {
            Ok(face) => {
                let listening = face.local_addr();
                address = Some(listening);
                let exposure = Exposure::of(listening);
                if exposure == Exposure::Remote && config.admin.token.is_none() {
                    tracing::info!(
                        "other machines reach this listener, so it serves neither API nor metrics; set \
                         admin.token"
                    );
                }
                let routes = admin::router(desk.clone(), exposure, config.admin.token.as_ref());
                faces.push(Arc::new(face.beside(routes)));
            }
            Err(error) => {
                complain(format_args!("error: {error}"));
                return Exit::Config;
            }
        }
    }
    if arguments.stdio {
        let face = StdioEntrance::new(gateway::limits(config), gateway::drain(config));
        faces.push(Arc::new(face.viewing(arguments.part.selector())));
    }
    let gateway = match gateway::start_with(config, faces, &desk).await {
        Ok(gateway) => gateway,
        Err(error) => {
            complain(format_args!("error: {error}"));
            return Exit::GaveUp;
        }
    };
    if let Some(address) = address {
        tracing::info!(%address, servers = config.servers.len(), "serving MCP");
        if !arguments.stdio {
            let shown = Exposure::of(address) == Exposure::Local || config.admin.token.is_some();
            say(welcome(address, arguments.common.config.is_none(), shown));
        }
    }
    let exit = gateway::run(gateway, config, &mut signals).await;
    tokio::select! {
        () = desk.farewell() => {}
        signal = signals.next() => tracing::warn!(signal, "stopping at once"),
    }
    exit
}

/// Where to connect, and what to paste into a client.
fn welcome(address: SocketAddr, demo: bool, shown: bool) -> String {
    let url = format!("http://{address}/mcp");
    let demo = if demo {
        "\nNo configuration was given, so two demo servers run behind it: `demo`, and `flaky`, which\n\
         crashes every half minute and is brought back. Your own: mcpvisor serve --config FILE\n"
    } else {
        ""
    };
    let look = if shown { format!("Look at it: http://{address}/ui/\n") } else { String::new() };
    format!(
        "mcpvisor {} serves MCP at {url}\n{demo}\n\
         Paste this into your client (Cursor, VS Code, Claude Code and others):\n\n\
         {{ \"mcpServers\": {{ \"mcpvisor\": {{ \"type\": \"http\", \"url\": \"{url}\" }} }} }}\n\n\
         {look}Try it: mcpvisor tools --url {url}\n\
         Stop it: Ctrl-C",
        env!("CARGO_PKG_VERSION"),
    )
}
