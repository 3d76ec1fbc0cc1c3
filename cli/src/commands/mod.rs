//! The commands: one file per noun. Each reads its arguments into the engine's words, asks the engine, and prints the answer.

mod args;
mod available;
mod cancel;
mod completions;
mod consumer;
mod db;
mod dead_letter;
mod demo;
mod due;
mod end;
mod event;
mod export;
mod import;
mod import_csv;
mod man;
mod message;
mod payment;
mod payment_sim;
mod quote;
mod reservation;
mod reserve;
mod review;
mod serve;
mod settings;
mod simulate;
mod status;
mod storage;
mod token;
mod verify;
mod view;
mod web;

use clap::Subcommand;

use crate::cli::Globals;
use crate::failure::Failure;
use crate::output::Output;

pub(crate) use args::Unreadable;
pub(crate) use import::RefusedLine;

/// What can be asked for.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Register, modify, delete, show, list and import storages
    #[command(subcommand)]
    Storage(storage::StorageCommand),
    /// Write a list as CSV
    #[command(subcommand)]
    Export(export::ExportCommand),
    /// Say what a period of a storage costs
    Quote(quote::QuoteArgs),
    /// Reserve a storage and pay for it, in one step
    Reserve(reserve::ReserveArgs),
    /// Cancel a reservation, up to and including its first day, with a full refund
    Cancel(cancel::CancelArgs),
    /// Set the end of a rental, or bring it forward, without refund
    End(end::EndArgs),
    /// Show and list reservations
    #[command(subcommand)]
    Reservation(reservation::ReservationCommand),
    /// Show and list payments
    #[command(subcommand)]
    Payment(payment::PaymentCommand),
    /// List what customers were told
    #[command(subcommand)]
    Message(message::MessageCommand),
    /// Add, modify, delete and list reviews
    #[command(subcommand)]
    Review(review::ReviewCommand),
    /// List what is free in a period, and what it would cost
    Available(available::AvailableArgs),
    /// Show everything rented and its state on one screen
    View(view::ViewArgs),
    /// List events, or follow them as they happen
    #[command(subcommand)]
    Event(event::EventCommand),
    /// List, pause, resume, replay and run the consumers of events
    #[command(subcommand)]
    Consumer(consumer::ConsumerCommand),
    /// List, retry and discard what could not be done
    #[command(subcommand)]
    DeadLetter(dead_letter::DeadLetterCommand),
    /// Do what is due by the clock: holds lapse, rentals start and end
    Tick,
    /// Ask the payment service about charges whose outcome is not known
    Settle,
    /// Do everything that is due: tick, settle, effects, consumers
    RunDue,
    /// Say how the site is, at a glance
    Status,
    /// Hold everything against the log, and the log against its own hashes
    Verify,
    /// Show and set the site's settings
    #[command(subcommand)]
    Settings(settings::SettingsCommand),
    /// Describe, back up and restore the database file
    #[command(subcommand)]
    Db(db::DbCommand),
    /// Try the engine under a storm of faults, in memory, every invariant checked after every step
    Simulate(simulate::SimulateArgs),
    /// Tell the whole story in a second, on a temporary file or a new one named by --db
    Demo,
    /// Serve the REST gateway until it is told to end
    Serve(Box<serve::ServeArgs>),
    /// Mint a bearer token for `serve`, for development
    Token(token::TokenArgs),
    /// Serve the page to this machine: the same engine, in the browser, on a database of its own there
    Web(web::WebArgs),
    /// Serve a simulated payment service, a process with books of its own, to practise outages with; it moves no money
    PaymentSim(payment_sim::PaymentSimArgs),
    /// Write completions for a shell to stdout
    Completions(completions::CompletionsArgs),
    /// Write manual pages for all commands to a folder
    Man(man::ManArgs),
}

/// Does what a command says.
pub(crate) fn run(command: Command, globals: &Globals, out: &Output) -> Result<(), Failure> {
    match command {
        Command::Storage(command) => command.run(globals),
        Command::Export(command) => command.run(globals),
        Command::Quote(args) => args.run(globals),
        Command::Reserve(args) => args.run(globals),
        Command::Cancel(args) => args.run(globals),
        Command::End(args) => args.run(globals),
        Command::Reservation(command) => command.run(globals),
        Command::Payment(command) => command.run(globals),
        Command::Message(command) => command.run(globals),
        Command::Review(command) => command.run(globals),
        Command::Available(args) => args.run(globals),
        Command::View(args) => args.run(globals),
        Command::Event(command) => command.run(globals),
        Command::Consumer(command) => command.run(globals),
        Command::DeadLetter(command) => command.run(globals),
        Command::Tick => due::tick(globals),
        Command::Settle => due::settle(globals),
        Command::RunDue => due::run_due(globals),
        Command::Status => status::run(globals),
        Command::Verify => verify::run(globals),
        Command::Settings(command) => command.run(globals),
        Command::Db(command) => command.run(globals),
        Command::Simulate(args) => args.run(globals),
        Command::Demo => demo::run(globals),
        Command::Serve(args) => args.run(globals.clone()),
        Command::Token(args) => args.run(globals),
        Command::Web(args) => args.run(out),
        Command::PaymentSim(args) => args.run(out),
        Command::Completions(args) => args.run(),
        Command::Man(args) => args.run(out),
    }
}
