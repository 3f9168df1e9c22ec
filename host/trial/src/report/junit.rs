//! A report as JUnit XML: one suite for the fixtures, one for the conformance kit.

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::{Paint, Report, Suite};

/// The report as XML.
///
/// # Errors
/// When it cannot be written as XML.
pub fn junit(report: &Report) -> Result<String, String> {
    let mut xml = quick_junit::Report::new(format!("{} {}", report.connector, report.version));
    xml.set_time(report.duration);
    for suite in [Suite::Fixtures, Suite::Conformance] {
        let outcomes: Vec<_> = report.outcomes.iter().filter(|outcome| outcome.suite == suite).collect();
        if outcomes.is_empty() {
            continue;
        }
        let mut cases = TestSuite::new(format!("{}.{}", report.connector, suite.name()));
        for outcome in outcomes {
            let mut status = TestCaseStatus::success();
            if let Some(first) = outcome.complaints.first() {
                status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                status.set_message(first.message.clone());
                status.set_description(super::text::complaints(outcome, Paint::plain()));
            }
            let mut case = TestCase::new(outcome.case.clone(), status);
            case.set_classname(format!("{}.{}", report.connector, outcome.intent));
            case.set_time(outcome.duration);
            cases.add_test_case(case);
        }
        xml.add_test_suite(cases);
    }
    xml.to_string().map_err(|error| error.to_string())
}
