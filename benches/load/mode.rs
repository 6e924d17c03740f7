//! Who is measured, and over what.

use clap::ValueEnum;

/// A way from the caller to a server that echoes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum)]
pub(crate) enum Mode {
    /// Pipes, nothing between.
    DirectStdio,
    /// The least there can be between pipes and pipes.
    FloorStdio,
    /// `mcpvisor stdio` before a process.
    GatewayStdio,
    /// HTTP, nothing between.
    DirectHttp,
    /// A proxy that parses envelopes.
    FloorHttp,
    /// A proxy that copies bytes.
    Copy,
    /// `mcpvisor serve` before a server over HTTP.
    GatewayHttp,
    /// The same without metrics.
    NoTelemetry,
    /// The same with everything sent to a collector.
    FullOtlp,
    /// The least there can be between HTTP and pipes.
    FloorBridge,
    /// `mcpvisor serve` before a process.
    GatewayBridge,
}

impl Mode {
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// What a mode is compared with, the first that was measured, too.
    pub(crate) fn baselines(self) -> &'static [Self] {
        match self {
            Self::FloorStdio => &[Self::DirectStdio],
            Self::GatewayStdio => &[Self::FloorStdio, Self::DirectStdio],
            Self::FloorHttp | Self::Copy => &[Self::DirectHttp],
            Self::GatewayHttp => &[Self::FloorHttp, Self::Copy, Self::DirectHttp],
            Self::FullOtlp | Self::NoTelemetry => &[Self::GatewayHttp],
            Self::GatewayBridge => &[Self::FloorBridge],
            Self::DirectStdio | Self::DirectHttp | Self::FloorBridge => &[],
        }
    }
}
