//! `benefits.summary`: which benefits the worker who is chatting is enrolled in.
//!
//! Names and days only. Claims, dependants, beneficiaries and amounts are never asked for.

use jackfield_sdk::{odata::Filter, prelude::*};

use crate::{names, service, settings::Settings, wire::Enrolment, worker::Worker};

/// Enrolments that are looked at, old ones among them.
const ENROLMENTS_MAX: usize = 100;

pub(crate) fn run(call: &Call, input: BenefitsSummaryInput) -> Result<BenefitsSummary, Failure> {
    let settings = Settings::of(call)?;
    let worker = Worker::of(call, input.employee_id.as_deref(), input.email.as_deref())?;
    let day = input.as_of.as_ref().map(|date| {
        let ask = || Failure::invalid("/as_of", "Please give a day such as 2026-01-25.");
        Day::parse(date.as_str()).ok_or_else(ask)
    });
    let day = day.transpose()?.unwrap_or_else(|| call.now().date());

    let enrolments = latest(read(call, &worker)?.into_iter().filter(|row| holds_on(row, day)));
    let told =
        enrolments.iter().map(|row| told(call, row)).filter(|row| input.kind.is_none_or(|kind| row.kind == kind));
    Ok(BenefitsSummary {
        employee_id: Some(worker.user_id().to_owned()),
        employee_name: worker.name(),
        enrolments: told.collect(),
        as_of: input.as_of,
        url: settings.benefits_page,
        ..BenefitsSummary::default()
    })
}

/// The worker's enrolments, the latest first.
fn read(call: &Call, worker: &Worker) -> Result<Vec<Enrolment>, Failure> {
    const FIELDS: &str = "id,workerId,benefit,effectiveStartDate,effectiveEndDate,effectiveStatus,\
                          benefitNav/benefitName,benefitNav/benefitType";
    let filter = Filter::new().eq("workerId", worker.user_id())?;
    let request = service::get(call, "BenefitEnrollment")?.query("$filter", filter);
    let request = request.query("$select", FIELDS).query("$expand", "benefitNav");
    let request = request.query("$orderby", "effectiveStartDate desc").query("$top", ENROLMENTS_MAX);
    service::rows::<Enrolment>(request).map(|mut rows| {
        rows.retain(|row| worker.is(row.worker_id.code()));
        rows
    })
}

/// Of each benefit the latest only: the next period's enrolment may begin before the last one's ends.
fn latest(rows: impl Iterator<Item = Enrolment>) -> Vec<Enrolment> {
    let mut kept: Vec<Enrolment> = Vec::new();
    for row in rows {
        if !kept.iter().any(|known| known.benefit == row.benefit) {
            kept.push(row);
        }
    }
    kept
}

fn holds_on(row: &Enrolment, day: Day) -> bool {
    let (start, end) = (row.effective_start_date.day(), row.effective_end_date.day());
    !names::is_inactive(row.effective_status.code())
        && start.is_none_or(|start| start <= day)
        && end.is_none_or(|end| end >= day)
}

fn told(call: &Call, row: &Enrolment) -> BenefitEnrolment {
    let benefit = row.benefit_nav.as_ref();
    let name = benefit.and_then(|benefit| benefit.benefit_name.get()).unwrap_or(row.benefit.code());
    let kind = benefit.map(|benefit| benefit.benefit_type.code()).unwrap_or_default();
    BenefitEnrolment {
        id: row.id.owned(),
        plan: name.to_owned(),
        kind: names::benefit_kind(call.status_names(), kind),
        starts_on: row.effective_start_date.day().map(Date::from),
        ends_on: row.effective_end_date.day().filter(|day| !is_for_ever(*day)).map(Date::from),
        ..BenefitEnrolment::default()
    }
}

/// SAP's way to write "without end".
fn is_for_ever(day: Day) -> bool {
    day.civil().0 == 9999
}
