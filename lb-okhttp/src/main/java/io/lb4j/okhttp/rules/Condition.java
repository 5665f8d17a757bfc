package io.lb4j.okhttp.rules;

/**
 * One thing that a request has to be.
 *
 * @param what the condition, for people: "path is '/a'"
 * @param test tells whether it holds
 * @param found what the request has instead, for people
 */
record Condition(String what, Test test, Found found) {

    @FunctionalInterface
    interface Test {
        boolean holds(Subject subject);
    }

    @FunctionalInterface
    interface Found {
        Object in(Subject subject);
    }

    boolean holds(Subject subject) {
        return test.holds(subject);
    }

    /** Why it doesn't hold. */
    String why(Subject subject) {
        return what + " doesn't hold: " + found.in(subject);
    }
}
