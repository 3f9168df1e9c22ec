#!/usr/bin/env bash
# Starts the simulated systems and a demo host in front of them, prints what to try, and serves until stopped.
# `make run` calls it after building; LISTEN and MOCKS say where.
set -euo pipefail
cd "$(dirname "$0")/../.."
LISTEN=${LISTEN:-127.0.0.1:8080}
MOCKS=${MOCKS:-127.0.0.1:9100}
BIN=${BIN:-target/release}
RUN=$(mktemp -d "${TMPDIR:-/tmp}/jackfield-demo.XXXXXX")

stop() {
    trap - EXIT INT TERM
    # The host first: it drains while the systems behind it still answer.
    if [ -n "${host:-}" ]; then kill -TERM "$host" 2>/dev/null || true; wait "$host" 2>/dev/null || true; fi
    if [ -n "${mocks:-}" ]; then kill -TERM "$mocks" 2>/dev/null || true; wait "$mocks" 2>/dev/null || true; fi
    rm -rf "$RUN"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Waits until a URL answers, or until the process that should answer is gone.
await() {
    for _ in $(seq 200); do
        curl -fsS "$1" >/dev/null 2>&1 && return 0
        kill -0 "$2" 2>/dev/null || { echo "error: $3 ended before it answered" >&2; exit 1; }
        sleep 0.1
    done
    echo "error: $3 does not answer on $1" >&2
    exit 1
}

"$BIN/jackfield-mocks" --listen "$MOCKS" >"$RUN/mocks.log" 2>&1 &
mocks=$!
await "http://$MOCKS/systems" "$mocks" "the simulated systems ($(tail -n 1 "$RUN/mocks.log" 2>/dev/null))"
base() { curl -fsS "http://$MOCKS/systems" | sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p"; }

export DEMO_SHOPIFY_TOKEN=shpat_demo_0123456789abcdef0123456789abcdef
export DEMO_ZENDESK_TOKEN=zendesk-demo-token-0123456789
export DEMO_SALESFORCE_SECRET=salesforce-integration-secret-0123456789
export DEMO_S4HANA_SECRET=s4hana-demo-secret-0123456789
# The host takes a key from a file that only its owner reads.
install -m 600 tests/mocks/src/credentials/successfactors.pem "$RUN/successfactors.pem"
mkdir -m 700 -p "$PWD/target/demo-cache"
sed -e "s|@LISTEN@|$LISTEN|" -e "s|@PLUGINS@|$PWD/dist/plugins|" -e "s|@CACHE@|$PWD/target/demo-cache|" \
    -e "s|@STORE@|$PWD/target/demo.db|" \
    -e "s|@SHOPIFY@|$(base shopify)|" -e "s|@ZENDESK@|$(base zendesk)|" \
    -e "s|@SALESFORCE@|$(base salesforce)|" -e "s|@S4HANA@|$(base sap-s4hana)|" \
    -e "s|@SUCCESSFACTORS@|$(base sap-successfactors)|" -e "s|@SUCCESSFACTORS_KEY@|$RUN/successfactors.pem|" \
    tests/demo/jackfield.toml.in >"$RUN/jackfield.toml"

"$BIN/jackfield" serve --demo --config "$RUN/jackfield.toml" &
host=$!
await "http://$LISTEN/readyz" "$host" "the host"

ask() {
    printf '\n# %s\n' "$1"
    printf "curl -s http://%s/v1/intents/%s -H 'Authorization: Bearer demo' -H 'Content-Type: application/json' \\\\\n  -d '%s'\n" "$LISTEN" "$2" "$3"
}
{
    echo
    echo "jackfield answers on http://$LISTEN, the simulated systems are on http://$MOCKS. Try:"
    ask "Where is my order?" order.status '{"input":{"order_number":"1001","email":"customer@example.com"}}'
    ask "An order that is still to be shipped" order.status '{"input":{"order_number":"#1002","email":"customer@example.com"}}'
    ask "Somebody else's order: the same answer as for one that is not there" order.status '{"input":{"order_number":"1001","email":"other@example.com"}}'
    ask "What do you sell?" product.search '{"input":{"query":"shirt"}}'
    ask "Is it in stock?" inventory.check '{"input":{"sku":"BTS-M"}}'
    ask "I want to return something" return.start '{"input":{"order_number":"1001","email":"customer@example.com","items":[{"sku":"BTS-M","quantity":1,"reason":"too_small"}]}}'
    ask "A checkout link" cart.create '{"input":{"items":[{"sku":"BJN-32","quantity":1}]}}'
    ask "I need help" ticket.create '{"input":{"subject":"Cannot log in","description":"The reset mail never arrives.","requester_email":"customer@example.com"}}'
    ask "What became of my ticket?" ticket.status '{"input":{"ticket_id":"35436","email":"customer@example.com"}}'
    ask "Who is this customer?" customer.lookup '{"input":{"email":"customer@example.com"}}'
    ask "Somebody to sell to" lead.create '{"input":{"first_name":"Ada","last_name":"Byron","email":"ada@example.com","company":"Analytical Engines"}}'
    ask "Where is my sales order?" sales_order.status '{"input":{"order_number":"1","customer":"10100001"}}'
    ask "Is my invoice paid?" invoice.status '{"input":{"invoice_number":"INV-883","party":"17300001"}}'
    ask "How many of TG11 are there?" stock.check '{"input":{"sku":"TG11"}}'
    ask "How much vacation do I have left?" pto.balance '{"input":{},"context":{"user":{"id":"103266","verified":true}}}'
    ask "I need a day off" pto.request '{"input":{"start_date":"2027-03-01"},"context":{"user":{"id":"103266","verified":true}}}'
    printf '\n# Every intent this key may call, as tools for a language model\n'
    printf "curl -s 'http://%s/v1/intents?format=openai' -H 'Authorization: Bearer demo'\n" "$LISTEN"
    echo
    echo "Stop with Ctrl-C."
}
wait "$host"
