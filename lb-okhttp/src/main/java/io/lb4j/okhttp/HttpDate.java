package io.lb4j.okhttp;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Dates as headers have them: RFC 9110 §5.6.7, whose recipients must accept the two obsolete forms as well. */
final class HttpDate {
    private static final List<String> MONTHS =
            List.of("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec");

    private static final String TIME = "(?<hour>[0-9]{2}):(?<minute>[0-9]{2}):(?<second>[0-9]{2})";

    /** {@code Sunday, 06-Nov-94 08:49:37 GMT}. */
    private static final Pattern RFC_850 = Pattern.compile(
            "[A-Z][a-z]{5,8}, (?<day>[0-9]{2})-(?<month>[A-Z][a-z]{2})-(?<year>[0-9]{2}) " + TIME + " GMT");

    /** {@code Sun Nov  6 08:49:37 1994}. */
    private static final Pattern ASCTIME =
            Pattern.compile("[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) (?<day>[ 0-9][0-9]) " + TIME + " (?<year>[0-9]{4})");

    private HttpDate() {}

    /**
     * The moment, or null if this is no date.
     *
     * @param now decides the century of a year with two digits
     */
    static @Nullable Instant parse(String value, Instant now) {
        try {
            Matcher matcher = RFC_850.matcher(value);
            if (matcher.matches()) {
                return inCentury(local(matcher), now);
            }
            matcher = ASCTIME.matcher(value);
            return matcher.matches()
                    ? local(matcher).toInstant(ZoneOffset.UTC)
                    : ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME)
                            .toInstant();
        } catch (DateTimeException e) {
            return null;
        }
    }

    /** What looks more than 50 years ahead is the latest year of the past that ends with the same digits. */
    private static Instant inCentury(LocalDateTime ofFirstCentury, Instant now) {
        LocalDateTime today = LocalDateTime.ofInstant(now, ZoneOffset.UTC);
        LocalDateTime date = ofFirstCentury.plusYears(today.getYear() / 100 * 100L);
        LocalDateTime farthest = today.plusYears(50);
        if (date.plusYears(100).compareTo(farthest) <= 0) {
            date = date.plusYears(100);
        } else if (date.isAfter(farthest)) {
            date = date.minusYears(100);
        }
        return date.toInstant(ZoneOffset.UTC);
    }

    private static LocalDateTime local(Matcher matcher) {
        return LocalDateTime.of(
                number(matcher, "year"),
                // 0, which is refused, for what is no month.
                MONTHS.indexOf(matcher.group("month")) + 1,
                number(matcher, "day"),
                number(matcher, "hour"),
                number(matcher, "minute"),
                number(matcher, "second"));
    }

    private static int number(Matcher matcher, String group) {
        return Integer.parseInt(matcher.group(group).trim());
    }
}
