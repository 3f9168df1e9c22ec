//! What the org holds at the start. The README's table is the same list in words.

use serde_json::{Value, json};

use super::schema::object;
use super::state::{Record, STAGES, State, USER_ID};

pub(super) fn seed() -> State {
    let mut state = State::empty();
    for (name, records) in [
        ("User", users()),
        ("Account", accounts()),
        ("Contact", contacts()),
        ("Lead", leads()),
        ("Opportunity", opportunities()),
        ("Task", tasks()),
        ("LeadStatus", lead_statuses()),
        ("OpportunityStage", stages()),
    ] {
        let Some(object) = object(name) else { continue };
        for record in records.as_array().into_iter().flatten().filter_map(Value::as_object) {
            let mut record: Record = record.clone();
            if object.field("CreatedDate").is_some() {
                for stamp in ["CreatedDate", "LastModifiedDate", "SystemModstamp"] {
                    record.entry(stamp).or_insert_with(|| json!("2026-01-05T09:30:00.000+0000"));
                }
            }
            state.insert(object, record);
        }
    }
    state
}

fn users() -> Value {
    json!([
        { "Id": USER_ID, "Username": "integration@example.com", "FirstName": "Integration", "LastName": "User",
          "Email": "integration@example.com", "TimeZoneSidKey": "America/Los_Angeles" },
        { "Id": "0055g00000000O2AAI", "Username": "sam.seller@example.com", "FirstName": "Sam", "LastName": "Seller",
          "Email": "sam.seller@example.com", "Title": "Account Executive", "TimeZoneSidKey": "Europe/Berlin" },
        { "Id": "0055g00000000O3AAI", "Username": "gone@example.com", "FirstName": "Gone", "LastName": "Seller",
          "Email": "gone@example.com", "IsActive": false, "TimeZoneSidKey": "Europe/Berlin" },
    ])
}

fn accounts() -> Value {
    json!([
        { "Id": "0015g00000000A1AAI", "Name": "Acme Corporation", "Type": "Customer - Direct", "Industry": "Retail",
          "Phone": "+12025550100", "Website": "https://acme.example.com", "OwnerId": "0055g00000000O2AAI",
          "BillingCity": "New York", "BillingCountry": "United States" },
        { "Id": "0015g00000000A2AAI", "Name": "Globex", "Type": "Prospect", "Industry": "Energy" },
        { "Id": "0015g00000000A3AAI", "Name": "O'Neil & Sons", "Type": "Customer - Direct" },
    ])
}

fn contacts() -> Value {
    json!([
        { "Id": "0035g00000000C1AAI", "FirstName": "Casey", "LastName": "Customer", "Email": "customer@example.com",
          "Phone": "+12025550143", "AccountId": "0015g00000000A1AAI", "Title": "Buyer", "Department": "Purchasing",
          "MailingStreet": "1 Main Street", "MailingCity": "New York", "MailingState": "NY",
          "MailingPostalCode": "10001", "MailingCountry": "United States", "OwnerId": "0055g00000000O2AAI",
          "Legacy_Id__c": "L-1001", "Member_Number__c": "M-1", "Language__c": "English" },
        { "Id": "0035g00000000C2AAI", "FirstName": "Pat", "LastName": "Twin", "Email": "shared@example.com",
          "AccountId": "0015g00000000A2AAI", "Legacy_Id__c": "L-2000" },
        { "Id": "0035g00000000C3AAI", "FirstName": "Kim", "LastName": "Twin", "Email": "shared@example.com",
          "AccountId": "0015g00000000A2AAI", "Legacy_Id__c": "L-2000" },
        { "Id": "0035g00000000C4AAI", "FirstName": "Nora", "LastName": "O'Neil", "Email": "o'neil@example.com",
          "AccountId": "0015g00000000A3AAI", "Phone": "+12025550177" },
        { "Id": "0035g00000000C5AAI", "LastName": "100%_Match", "Email": "percent@example.com" },
    ])
}

fn leads() -> Value {
    json!([
        { "Id": "00Q5g00000000L1EAI", "FirstName": "Lee", "LastName": "Leadley", "Company": "Initech",
          "Email": "lead@example.com", "LeadSource": "Web", "Status": "Working - Contacted" },
        { "Id": "00Q5g00000000L2EAI", "FirstName": "Max", "LastName": "Moved", "Company": "Acme Corporation",
          "Email": "converted@example.com", "Status": "Closed - Converted", "IsConverted": true,
          "ConvertedDate": "2026-01-03", "ConvertedAccountId": "0015g00000000A1AAI",
          "ConvertedContactId": "0035g00000000C1AAI" },
    ])
}

fn opportunities() -> Value {
    json!([
        { "Id": "0065g00000000P1AAI", "Name": "Acme 50 seats", "StageName": "Proposal/Price Quote", "Amount": 12500.0,
          "CloseDate": "2026-12-31", "AccountId": "0015g00000000A1AAI", "OwnerId": "0055g00000000O2AAI" },
        { "Id": "0065g00000000P2AAI", "Name": "Acme pilot", "StageName": "Closed Won", "Amount": 900.5,
          "CloseDate": "2025-11-30", "AccountId": "0015g00000000A1AAI" },
        { "Id": "0065g00000000P3AAI", "Name": "Globex trial", "StageName": "Prospecting",
          "CloseDate": "2027-02-28", "AccountId": "0015g00000000A2AAI" },
    ])
}

fn tasks() -> Value {
    json!([
        { "Id": "00T5g00000000T1EAI", "Subject": "Call", "Status": "Completed", "WhoId": "0035g00000000C1AAI",
          "WhatId": "0065g00000000P1AAI", "AccountId": "0015g00000000A1AAI", "ActivityDate": "2026-01-04",
          "TaskSubtype": "Call", "CallType": "Inbound", "CallDurationInSeconds": 95,
          "Description": "Asked about volume prices." },
    ])
}

fn lead_statuses() -> Value {
    let names = ["Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted"];
    let statuses = names.iter().enumerate().map(|(index, name)| {
        json!({ "ApiName": name, "MasterLabel": name, "IsConverted": index == 2, "IsDefault": index == 0,
                "SortOrder": index + 1 })
    });
    statuses.collect()
}

fn stages() -> Value {
    let stages = STAGES.iter().enumerate().map(|(index, stage)| {
        json!({ "ApiName": stage.name, "MasterLabel": stage.name, "IsClosed": stage.closed, "IsWon": stage.won,
                "DefaultProbability": stage.probability, "SortOrder": index + 1 })
    });
    stages.collect()
}
