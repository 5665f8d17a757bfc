package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HttpDateTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

    /** The same moment in the three forms, as RFC 9110 has them. */
    @ParameterizedTest
    @ValueSource(
            strings = {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"})
    void date_inEachForm_isThatMoment(String value) {
        assertThat(HttpDate.parse(value, NOW)).isEqualTo(Instant.parse("1994-11-06T08:49:37Z"));
    }

    @ParameterizedTest
    @CsvSource({
        "'Thursday, 01-Jan-26 00:00:30 GMT', 2026-01-01T00:00:30Z, 2026-01-01T00:00:00Z",
        "'Wednesday, 01-Jan-76 00:00:00 GMT', 2076-01-01T00:00:00Z, 2026-01-01T00:00:00Z",
        "'Thursday, 01-Jan-76 00:00:01 GMT', 1976-01-01T00:00:01Z, 2026-01-01T00:00:00Z",
        "'Friday, 01-Jan-99 00:00:00 GMT', 1999-01-01T00:00:00Z, 2026-01-01T00:00:00Z",
        "'Tuesday, 29-Feb-00 00:00:00 GMT', 2000-02-29T00:00:00Z, 2026-01-01T00:00:00Z",
        "'Friday, 01-Jan-10 00:00:00 GMT', 2110-01-01T00:00:00Z, 2080-01-01T00:00:00Z",
        "'Thursday, 31-Dec-99 23:59:59 GMT', 2099-12-31T23:59:59Z, 2100-01-01T00:00:00Z"
    })
    void yearOfTwoDigits_isTheOneNotMoreThanFiftyYearsAhead(String value, Instant expected, Instant now) {
        assertThat(HttpDate.parse(value, now)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "soon",
                "Sunday, 06-Nov-94 08:49:37",
                "Sunday, 06-Nov-94 08:49:37 CET",
                "Sunday, 6-Nov-94 08:49:37 GMT",
                "Sunday, 31-Feb-94 08:49:37 GMT",
                "Sunday, 06-Foo-94 08:49:37 GMT",
                "Sun Nov  6 24:49:37 1994",
                "Sun Nov    08:49:37 1994",
                "Sun Nov  0 08:49:37 1994",
                "Sun Nov 31 08:49:37 1994",
                "Sun, 06 Nov 1994"
            })
    void somethingElse_isNoDate(String value) {
        assertThat(HttpDate.parse(value, NOW)).isNull();
    }
}
