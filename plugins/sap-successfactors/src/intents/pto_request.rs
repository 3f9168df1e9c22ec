//! `pto.request`: asks for time off in the name of the worker who is chatting.
//!
//! SuccessFactors takes no idempotency key, but lets the client choose the key of the row: it is made of the call's key, so
//! that asking again gives the same request.

use jackfield_sdk::{
    odata::{self, Decimal},
    prelude::*,
};

use crate::{
    faults, names, service,
    settings::Settings,
    time_type,
    wire::{Draft, EmployeeTime, Metadata, TimeType},
    worker::Worker,
};

const FIELDS: &str =
    "externalCode,userId,timeType,startDate,endDate,approvalStatus,quantityInDays,quantityInHours,createdDateTime";
/// The longest time off that can be asked for at once, in days: what is longer is a leave of absence, with a form of its own.
const DAYS_MAX: i64 = 366;

/// What is asked for, checked as far as it can be without asking.
struct Wish {
    first: Day,
    last: Day,
    half_day: bool,
    hours: Option<Decimal>,
}

pub(crate) fn run(call: &Call, input: PtoRequestInput) -> Result<TimeOffRequest, Failure> {
    let settings = Settings::of(call)?;
    let wish = Wish::of(&input)?;
    let worker = Worker::of(call, input.employee_id.as_deref(), input.email.as_deref())?;
    let kind = time_type::wanted(call, &settings, input.leave_type.as_deref())?;
    let draft = draft(call, &worker, &kind, &wish, input.note.clone())?;

    let row = match read(call, &draft.external_code)? {
        Some(row) => {
            info!("this request had been made by an earlier call");
            row
        }
        None => create(call, &draft)?,
    };
    if !is_same(&row, &draft, &wish, &worker) {
        return Err(Failure::conflict().detail("the row of this key is another request"));
    }
    Ok(told(call, row, &kind, &wish, &worker, input.note))
}

/// Whether it was made: its key is read, and that is chosen by this connector. Reads by key see a row as soon as it is
/// there.
pub(crate) fn settle(call: &Call, input: PtoRequestInput) -> Result<Settled<TimeOffRequest>, Failure> {
    let settings = Settings::of(call)?;
    let wish = Wish::of(&input)?;
    let worker = Worker::of(call, input.employee_id.as_deref(), input.email.as_deref())?;
    let kind = time_type::wanted(call, &settings, input.leave_type.as_deref())?;
    let draft = draft(call, &worker, &kind, &wish, input.note.clone())?;
    Ok(match read(call, &draft.external_code)? {
        None => Settled::NotApplied,
        Some(row) if is_same(&row, &draft, &wish, &worker) => {
            Settled::Applied(told(call, row, &kind, &wish, &worker, input.note))
        }
        Some(_) => Settled::Unknown,
    })
}

impl Wish {
    fn of(input: &PtoRequestInput) -> Result<Self, Failure> {
        let day = |pointer: &str, date: &Date| {
            let ask = || Failure::invalid(pointer, "Please give a day such as 2026-01-25.");
            Day::parse(date.as_str()).ok_or_else(ask)
        };
        let first = day("/start_date", &input.start_date)?;
        let last = input.end_date.as_ref().map_or(Ok(first), |date| day("/end_date", date))?;
        if last < first {
            return Err(Failure::invalid("/end_date", "The last day is before the first."));
        }
        if first.days_until(last) >= DAYS_MAX {
            return Err(Failure::invalid("/end_date", "That is too long a time to ask for at once."));
        }
        let half_day = input.half_day == Some(true);
        // Numbers of a chat have few digits: their text is what was meant.
        let hours = input.hours_per_day.map(|hours| Decimal::parse(&hours.to_string()));
        let hours = hours
            .map(|hours| hours.ok_or_else(|| Failure::invalid("/hours_per_day", "Please give a number of hours.")));
        if first != last && half_day {
            return Err(Failure::invalid("/half_day", "Half a day can be asked for on a single day only."));
        }
        if first != last && hours.is_some() {
            return Err(Failure::invalid("/hours_per_day", "Hours can be asked for on a single day only."));
        }
        if half_day && hours.is_some() {
            return Err(Failure::invalid("/half_day", "Please give either half a day or hours."));
        }
        Ok(Wish { first, last, half_day, hours: hours.transpose()? })
    }

    /// Part of the day, in the unit of the time type.
    fn fraction(&self, unit: TimeUnit) -> Result<Option<String>, Failure> {
        match (self.half_day, self.hours, unit) {
            (false, None, _) => Ok(None),
            (true, _, TimeUnit::Days) => Ok(Some("0.5".to_owned())),
            (_, Some(hours), TimeUnit::Hours) => Ok(Some(hours.to_string())),
            (true, ..) => Err(Failure::invalid("/half_day", "This kind of leave is asked for in hours.")),
            (_, Some(_), _) => Err(Failure::invalid("/hours_per_day", "This kind of leave is asked for in days.")),
        }
    }
}

fn draft(
    call: &Call,
    worker: &Worker,
    kind: &TimeType,
    wish: &Wish,
    comment: Option<String>,
) -> Result<Draft, Failure> {
    let unit = names::time_unit(call.status_names(), kind.unit.code());
    Ok(Draft {
        metadata: Metadata { uri: "EmployeeTime" },
        external_code: external_code(call, worker),
        user_id: worker.user_id().to_owned(),
        time_type: kind.external_code.code().to_owned(),
        start_date: odata::json_date(wish.first),
        end_date: odata::json_date(wish.last),
        fraction_quantity: wish.fraction(unit)?,
        comment,
    })
}

/// The same for the same worker and key, and another for any other. Without a key there is nothing to tell a repetition by,
/// and each call makes a request of its own; SuccessFactors then refuses the second for the same days.
///
/// Whoever gets the same code all the same gets a conflict and nobody's row: what is found under it is compared.
fn external_code(call: &Call, worker: &Worker) -> String {
    /// No byte of UTF-8: where one text ends and the next begins is part of what is hashed.
    const END: u8 = 0xff;
    let key = call.idempotency_key().unwrap_or(call.id());
    let bytes = worker.user_id().bytes().chain([END]).chain(key.bytes()).chain([END]);
    format!("BOT-{:032x}", fnv1a_128(bytes))
}

/// FNV-1a with 128 bits (draft-eastlake-fnv).
fn fnv1a_128(bytes: impl Iterator<Item = u8>) -> u128 {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    bytes.fold(OFFSET, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME))
}

/// Makes the row. Sent twice it is made once, for its key is taken then: that refusal is no failure where the row is ours.
fn create(call: &Call, draft: &Draft) -> Result<EmployeeTime, Failure> {
    let response = service::post(call, "EmployeeTime")?.json(draft).idempotent().send()?;
    let refused = match response.error_for(faults::write) {
        // It tells little until its workflow has begun: what became of it is read again.
        Ok(response) => match odata::entity::<EmployeeTime>(&response)? {
            row if row.approval_status.get().is_some() => return Ok(row),
            row => return Ok(read(call, &draft.external_code).ok().flatten().unwrap_or(row)),
        },
        Err(failure) => failure,
    };
    match refused.kind {
        FailureKind::Rejected { .. } | FailureKind::Conflict => match read(call, &draft.external_code) {
            Ok(Some(row)) => Ok(row),
            _ => Err(refused),
        },
        _ => Err(refused),
    }
}

fn read(call: &Call, external_code: &str) -> Result<Option<EmployeeTime>, Failure> {
    let resource = query::odata::key("EmployeeTime", &[("externalCode", external_code)])?;
    let response = service::get(call, &resource)?.query("$select", FIELDS).send()?;
    response.found(faults::read)?.map(|response| odata::entity(&response)).transpose()
}

/// Whether a row is what was asked for, by whom it was asked for.
fn is_same(row: &EmployeeTime, draft: &Draft, wish: &Wish, worker: &Worker) -> bool {
    worker.is(row.user_id.code())
        && row.time_type.get() == Some(draft.time_type.as_str())
        && row.start_date.day() == Some(wish.first)
        && row.end_date.day() == Some(wish.last)
}

fn told(
    call: &Call,
    row: EmployeeTime,
    kind: &TimeType,
    wish: &Wish,
    worker: &Worker,
    note: Option<String>,
) -> TimeOffRequest {
    let code = row.approval_status.code();
    let status = names::time_off_status(call.status_names(), code);
    let unit = names::time_unit(call.status_names(), kind.unit.code());
    let amount = match unit {
        TimeUnit::Days => row.quantity_in_days,
        TimeUnit::Hours => row.quantity_in_hours,
        TimeUnit::Other => None,
    };
    TimeOffRequest {
        id: row.external_code.code().to_owned(),
        leave_type: kind.shown_name().unwrap_or(kind.external_code.code()).to_owned(),
        kind: names::leave_kind(call.status_names(), kind.external_code.code()),
        status,
        status_raw: row.approval_status.owned(),
        status_text: (status == TimeOffStatus::Other).then(|| names::time_off_text(code)),
        start_date: Date::from(wish.first),
        end_date: Date::from(wish.last),
        amount: amount.map(Decimal::to_f64),
        unit,
        employee_name: worker.name(),
        note,
        submitted_at: row.created_date_time.instant().map(Timestamp::from),
        ..TimeOffRequest::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        // The published test vectors.
        assert_eq!(fnv1a_128([].into_iter()), 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
        assert_eq!(fnv1a_128("a".bytes()), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
    }

    #[test]
    fn part_of_a_day_is_said_in_the_unit_of_the_leave() {
        let day = Day::parse("2026-06-15").unwrap();
        let wish = |half_day, hours: Option<&str>| Wish {
            first: day,
            last: day,
            half_day,
            hours: hours.and_then(Decimal::parse),
        };
        assert_eq!(wish(true, None).fraction(TimeUnit::Days), Ok(Some("0.5".to_owned())));
        assert_eq!(wish(false, Some("3.5")).fraction(TimeUnit::Hours), Ok(Some("3.5".to_owned())));
        assert_eq!(wish(false, None).fraction(TimeUnit::Other), Ok(None));
        for (wish, unit) in [(wish(true, None), TimeUnit::Hours), (wish(false, Some("2")), TimeUnit::Days)] {
            assert_eq!(wish.fraction(unit).unwrap_err().kind.code(), "invalid-input");
        }
    }
}
