//! What is wrong with a contract in itself is told, all of it, to whoever wrote it.

use outpost_contract::{Contract, Field, Policy};

fn faults(fields: &str) -> Vec<String> {
    let contract: Contract = toml::from_str(fields).unwrap();
    contract.faults()
}

#[test]
fn each_fault_is_told() {
    let check = |rules: &str, fault: &str| {
        let text = format!("[[fields]]\nname = 'x'\n{}", rules.replace("; ", "\n"));
        assert_eq!(faults(&text), [format!("field `x`: {fault}")], "{rules}");
    };
    check("type = 'number'; policy = 'impute'", "is imputed, but has no `default`");
    check("type = 'number'; null_policy = 'impute'", "is imputed, but has no `default`");
    check(
        "type = 'picture'; policy = 'impute'",
        "a picture cannot be imputed; choose another policy",
    );
    check("type = 'number'; min = 2; max = 1", "`min` is more than `max`");
    check("type = 'number'; min = nan", "`min` must be finite; leave it out if there is none");
    check("type = 'integer'; min = 0.1; max = 0.9", "there is no whole number from `min` to `max`");
    check("type = 'number'; min = 2; default = 1", "its `default` is less than `min`");
    check("type = 'number'; max = 2; default = 3.0", "its `default` is more than `max`");
    check("type = 'number'; default = inf", "its `default` is not finite");
    check("type = 'number'; default = 'a'", "its `default` is not a number");
    check("type = 'integer'; default = 1.5", "its `default` is not a whole number");
    check("type = 'boolean'; default = 1", "its `default` is neither true nor false");
    check("type = 'text'; default = ''", "its `default` is empty, which is a null");
    check(
        "type = 'text'; min_length = 2; default = 'ü'",
        "its `default` is shorter than `min_length`",
    );
    check(
        "type = 'text'; max_length = 2; default = 'abc'",
        "its `default` is longer than `max_length`",
    );
    check("type = 'text'; default = 1", "its `default` is not a text");
    check("type = 'date'; default = '2023-02-29'", "its `default` is no date");
    check(
        "type = 'category'; categories = ['a']; default = 'b'",
        "its `default` is none of its `categories`",
    );
    check(
        "type = 'number'; categories = ['a']",
        "`categories` is for type category, and this is number",
    );
    check("type = 'text'; min = 1", "`min` is for type number or integer, and this is text");
    check("type = 'number'; max_length = 1", "`max_length` is for type text, and this is number");
    check("type = 'text'; max_pixels = 1", "`max_pixels` is for type picture, and this is text");
    check("type = 'picture'; max_width = 0", "no picture has `max_width` 0");
    check("type = 'category'", "is a category, but has no `categories`");
    check(
        "type = 'category'; categories = ['a', 1]",
        "`categories` must be all texts or all whole numbers",
    );
    check(
        "type = 'category'; categories = [1.5]",
        "`categories` must be all texts or all whole numbers",
    );
    check("type = 'category'; categories = ['a', 'a']", "`categories` has one twice");
    check(
        "type = 'category'; categories = ['']",
        "an empty text is no category but a null; see `nullable`",
    );
    check(
        "type = 'text'; min_length = 2; max_length = 1",
        "`min_length` is more than `max_length`",
    );
    check(
        "type = 'text'; max_length = 0",
        "with `max_length` 0 there could only be empty texts, which are nulls",
    );
    for rate in ["0.0", "1.0", "-1.0", "nan"] {
        check(
            &format!("type = 'number'; max_null_rate = {rate}"),
            "`max_null_rate` must be more than 0 and less than 1; `nullable` says none or all",
        );
    }
    check(
        "type = 'number'; required = false",
        "`required` is false, but what is left out is refused; say `nullable`, or another \
         `null_policy`",
    );
    check(
        "type = 'number'; min_rows = 3",
        "`min_rows` says from where on `max_null_rate` applies; state that",
    );
    check("type = 'number'; max_null_rate = 0.1; min_rows = 0", "`min_rows` must be at least 1");
    check(
        "type = 'date'; max_age = '1h'",
        "a module has no clock: `max_age` needs `relative_to`, a field that says what time it is",
    );
    check("type = 'date'; max_age = '1h'; relative_to = 'x'", "`relative_to` names itself");
    check(
        "type = 'date'; max_age = '1h'; relative_to = 'y'",
        "`relative_to` names `y`, which is no field",
    );
}

#[test]
fn all_faults_are_told_at_once() {
    let found = faults(
        "[[fields]]\nname = ''\ntype = 'number'\nmin = 1\nmax = 0\n\
         [[fields]]\nname = 'a'\ntype = 'date'\nmax_age = 'soon'\nrelative_to = 'b'\n\
         [[fields]]\nname = 'b'\ntype = 'number'\n\
         [[fields]]\nname = 'b'\ntype = 'date'\nrelative_to = 'a'",
    );
    assert_eq!(
        found,
        [
            "field ``: has no `name`",
            "field ``: `min` is more than `max`",
            "field `a`: `max_age` must be a whole number and s, m, h, d or w, as in \"24h\"",
            "field `a`: `relative_to` names `b`, which is no date",
            "field `b` is there twice",
            "field `b`: `relative_to` is for `max_age`; state that",
        ]
    );
    assert_eq!(faults("").len(), 1);
}

#[test]
fn a_contract_comes_back_from_toml_and_json() {
    let text = r#"
        policy = "abstain"
        [[fields]]
        name = "age"
        type = "number"
        description = "at the time of asking"
        unit = "years"
        nullable = true
        max_null_rate = 0.1
        min_rows = 5
        min = 0
        max = 120.5
        policy = "flag"
        null_policy = "impute"
        default = 38
        [[fields]]
        name = "sex"
        type = "category"
        categories = ["f", "m"]
    "#;
    let contract: Contract = toml::from_str(text).unwrap();
    assert!(contract.faults().is_empty());
    let fields: Vec<Policy> = contract.fields.iter().map(|field| field.policy(&contract)).collect();
    assert_eq!(fields, [Policy::Flag, Policy::Abstain]);
    let back: Contract = toml::from_str(&toml::to_string(&contract).unwrap()).unwrap();
    assert_eq!(back, contract);
    let json = serde_json::to_string(&contract).unwrap();
    assert_eq!(serde_json::from_str::<Contract>(&json).unwrap(), contract);
    for unknown in ["polcy = 'flag'", "[[fields]]\nname = 'x'\ntype = 'number'\nmost = 1"] {
        assert!(toml::from_str::<Contract>(unknown).is_err());
    }
    assert_eq!(Field::new("x", outpost_contract::Kind::Text).min_rows(), Field::FEWEST_ROWS);
}
