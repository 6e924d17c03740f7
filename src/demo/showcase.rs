//! The `demo` server: one small tool for every way a call can go, a resource and a prompt.
//!
//! It never touches files, network or environment.
//!
//! *Invariant:* every tool ends by itself; `slow` also ends when its call is cancelled.

use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{
    CallToolResult, ContentBlock, GetPromptResult, Implementation, ListResourcesResult,
    PaginatedRequestParams, ProgressNotificationParam, PromptMessage, ReadResourceRequestParams,
    ReadResourceResponse, ReadResourceResult, Resource, ResourceContents, Role, ServerCapabilities,
    ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::{
    ErrorData, RoleServer, ServerHandler, prompt, prompt_handler, prompt_router, schemars, tool,
    tool_handler, tool_router,
};
use std::time::Duration;

/// Most text `big` returns.
const MAX_BIG: usize = 8 * 1024 * 1024;
/// Longest a `slow` call takes.
const MAX_SLOW_SECONDS: f64 = 3600.0;
const README_URI: &str = "demo://readme";
const README: &str = "\
mcpvisor demo server

Tools:
  echo  {text}            returns the text
  add   {a, b}            returns the sum, as text and as structured content
  slow  {seconds, steps}  takes its time, reports progress, can be cancelled
  fail  {message}         answers with a tool error
  big   {bytes}           returns that much text, at most 8 MiB
Prompt:
  greet {name}            asks for a greeting
";

/// The `demo` server.
#[derive(Debug, Clone, Copy)]
pub struct Showcase;

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
struct Echo {
    /// Text to return.
    text: String,
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
struct Add {
    /// First number.
    a: f64,
    /// Second number.
    b: f64,
}

#[derive(Debug, serde::Serialize, schemars::JsonSchema)]
struct Sum {
    /// The sum of both numbers.
    sum: f64,
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
struct Slow {
    /// How long the call takes; at most an hour.
    seconds: f64,
    /// Into how many steps that time is divided; progress is reported after each.
    #[serde(default = "one")]
    steps: u32,
}

fn one() -> u32 {
    1
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
struct Fail {
    /// Text of the error.
    message: String,
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
struct Big {
    /// Length of the returned text; at most 8 MiB.
    bytes: usize,
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
struct Greet {
    /// Who is greeted.
    name: String,
}

#[tool_router]
impl Showcase {
    /// Returns the given text.
    #[tool(title = "Echo", annotations(read_only_hint = true, idempotent_hint = true))]
    async fn echo(&self, Parameters(Echo { text }): Parameters<Echo>) -> CallToolResult {
        text_result(text)
    }

    /// Adds two numbers.
    #[tool(
        title = "Add",
        annotations(read_only_hint = true, idempotent_hint = true),
        output_schema = rmcp::handler::server::tool::schema_for_output::<Sum>()
    )]
    async fn add(&self, Parameters(Add { a, b }): Parameters<Add>) -> CallToolResult {
        let sum = a + b;
        let mut result = CallToolResult::structured(serde_json::json!({ "sum": sum }));
        result.content = vec![ContentBlock::text(sum.to_string())];
        result
    }

    /// Takes its time, reports progress when asked to, stops when cancelled.
    #[tool(title = "Slow", annotations(read_only_hint = true, idempotent_hint = true))]
    async fn slow(
        &self,
        Parameters(Slow { seconds, steps }): Parameters<Slow>,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResult, ErrorData> {
        let steps = steps.clamp(1, 10_000);
        let pause = step_length(seconds, steps)?;
        let token = context.meta.get_progress_token();
        for step in 1..=steps {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                // whatever is answered now is dropped: a cancelled call has no answer
                () = context.ct.cancelled() => return Ok(error_result("cancelled".into())),
            }
            if let Some(token) = token.clone() {
                let progress = ProgressNotificationParam::new(token, f64::from(step))
                    .with_total(f64::from(steps))
                    .with_message(format!("step {step} of {steps}"));
                // a peer that cannot be told any more is noticed by the answer
                let _unheard = context.peer.notify_progress(progress).await;
            }
        }
        Ok(text_result(format!("done after {steps} steps")))
    }

    /// Answers with a tool error that carries the given message.
    #[tool(title = "Fail", annotations(read_only_hint = true, idempotent_hint = true))]
    async fn fail(&self, Parameters(Fail { message }): Parameters<Fail>) -> CallToolResult {
        error_result(message)
    }

    /// Returns a text of the given size.
    #[tool(title = "Big", annotations(read_only_hint = true, idempotent_hint = true))]
    async fn big(&self, Parameters(Big { bytes }): Parameters<Big>) -> CallToolResult {
        text_result("x".repeat(bytes.min(MAX_BIG)))
    }
}

#[allow(missing_docs)] // the macro makes an undocumented public function of each prompt
#[prompt_router]
impl Showcase {
    /// Asks for a friendly greeting.
    #[prompt(title = "Greet")]
    async fn greet(&self, Parameters(Greet { name }): Parameters<Greet>) -> GetPromptResult {
        let text = format!("Please greet {name} in one friendly sentence.");
        GetPromptResult::new(vec![PromptMessage::new_text(Role::User, text)])
            .with_description("A friendly greeting")
    }
}

#[tool_handler]
#[prompt_handler]
impl ServerHandler for Showcase {
    fn get_info(&self) -> ServerConfig {
        let capabilities =
            ServerCapabilities::builder().enable_tools().enable_resources().enable_prompts();
        let server = Implementation::new("mcpvisor-demo", env!("CARGO_PKG_VERSION"))
            .with_title("mcpvisor demo server");
        ServerConfig::new(capabilities.build())
            .with_server_info(server)
            .with_instructions("A harmless server to try things with. Start with the tool echo.")
    }

    async fn list_resources(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let readme = Resource::new(README_URI, "readme")
            .with_title("Readme")
            .with_description("What this server offers")
            .with_mime_type("text/plain")
            .with_size(README.len() as u64);
        Ok(ListResourcesResult::with_all_items(vec![readme]))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        if request.uri != README_URI {
            let message = format!("no resource {}; the only one is {README_URI}", request.uri);
            return Err(ErrorData::resource_not_found(message, None));
        }
        Ok(ReadResourceResult::new(vec![ResourceContents::text(README, README_URI)]).into())
    }
}

fn text_result(text: String) -> CallToolResult {
    CallToolResult::success(vec![ContentBlock::text(text)])
}

fn error_result(text: String) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(text)])
}

/// The pause before each step; refuses what is no length of time.
fn step_length(seconds: f64, steps: u32) -> Result<Duration, ErrorData> {
    Duration::try_from_secs_f64(seconds.min(MAX_SLOW_SECONDS) / f64::from(steps))
        .map_err(|_| ErrorData::invalid_params("seconds must be a number from 0 to 3600", None))
}

#[cfg(test)]
mod tests {
    use super::step_length;
    use std::time::Duration;

    #[test]
    fn a_slow_call_is_divided_evenly_and_bounded() {
        for (seconds, steps, expected) in [
            (1.0, 4, Some(Duration::from_millis(250))),
            (0.0, 1, Some(Duration::ZERO)),
            (1e9, 1, Some(Duration::from_secs(3600))),
            (-1.0, 1, None),
            (f64::NEG_INFINITY, 1, None),
        ] {
            assert_eq!(step_length(seconds, steps).ok(), expected, "{seconds} / {steps}");
        }
    }
}
