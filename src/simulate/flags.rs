//! The faults as flags of the command line, made of their table.

use super::fault::{FAULTS, Row, Takes};
use super::faults::Values;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, value_parser};

const HEADING: &str = "Faults (all but the two of the start can be switched through --control)";

impl Args for Values {
    fn augment_args(command: Command) -> Command {
        FAULTS.iter().fold(command, |command, row| command.arg(flag(row)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn flag(row: &'static Row) -> Arg {
    let flag = Arg::new(row.name).long(row.name).help(row.help).help_heading(HEADING);
    match row.takes {
        Takes::Nothing => flag.action(ArgAction::SetTrue),
        Takes::Number(unit, most) => {
            flag.value_name(unit).value_parser(value_parser!(u64).range(..=most))
        }
    }
}

impl FromArgMatches for Values {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut values = Self::default();
        values.update_from_arg_matches(matches)?;
        Ok(values)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for row in FAULTS {
            let value = match row.takes {
                Takes::Nothing => matches.get_flag(row.name).then_some(1),
                Takes::Number(..) => matches.get_one::<u64>(row.name).copied(),
            };
            self.put(row.fault, value);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Values, flag};
    use crate::simulate::fault::{FAULTS, Fault};
    use clap::{Args, Command, FromArgMatches};

    #[test]
    fn flags_become_values_and_what_is_too_much_is_refused() {
        let parse = |args: &[&str]| {
            let command = Values::augment_args(Command::new("x").no_binary_name(true));
            Values::from_arg_matches(&command.try_get_matches_from(args)?)
        };
        let values = parse(&["--wrong-id", "--delay", "5", "--error-rate", "100"]).unwrap();
        assert!(values.on(Fault::WrongId) && !values.on(Fault::DoubleAnswer));
        assert_eq!(values.get(Fault::Delay), Some(5));
        assert_eq!(values.get(Fault::Latency), None);
        for wrong in [["--error-rate", "101"], ["--crash-at-start", "256"], ["--delay", "-1"]] {
            assert!(parse(&wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn every_fault_has_a_flag() {
        for row in FAULTS {
            assert_eq!(flag(row).get_long(), Some(row.name));
        }
    }
}
