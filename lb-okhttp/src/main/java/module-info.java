import org.jspecify.annotations.NullMarked;

/** Balanced calls over OkHttp. */
@NullMarked
module io.lb4j.okhttp {
    requires com.fasterxml.jackson.databind;
    requires transitive io.lb4j.api;
    requires transitive io.lb4j.discovery;
    requires transitive io.lb4j.strategies;
    requires transitive okhttp3;
    requires static transitive org.jspecify;

    exports io.lb4j.okhttp;
    exports io.lb4j.okhttp.rules;
}
