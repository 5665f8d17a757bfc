package io.lb4j.okhttp;

import java.util.Objects;
import java.util.concurrent.TimeUnit;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/**
 * Tells the instance, in a header of each attempt, how long its answer is worth anything: the rest of the call's time-out
 * or the attempt's own, whichever is shorter. Servers that know it don't work for callers who have left. Immutable and
 * thread-safe.
 *
 * <p>A call without any time-out carries no such header. If the request has one already, set by the application from
 * what its own caller allowed, the shorter of the two holds; a value that can't be read is replaced.
 */
public final class DeadlineHeader {
    /** gRPC's limit. */
    private static final int MAX_DIGITS = 8;

    private static final long MAX_AMOUNT = 99_999_999;
    private static final DeadlineHeader GRPC = new DeadlineHeader("grpc-timeout", null);
    private static final DeadlineHeader ENVOY =
            new DeadlineHeader("x-envoy-expected-rq-timeout-ms", TimeUnit.MILLISECONDS);

    private final String name;

    /** Null for gRPC's format, which says its unit. */
    private final @Nullable TimeUnit unit;

    private DeadlineHeader(String name, @Nullable TimeUnit unit) {
        this.name = name;
        this.unit = unit;
    }

    /** {@code grpc-timeout}: at most eight digits and a unit, such as {@code 250m} for 250 ms. */
    public static DeadlineHeader grpcTimeout() {
        return GRPC;
    }

    /** {@code x-envoy-expected-rq-timeout-ms}: whole milliseconds, as Envoy tells its upstreams. */
    public static DeadlineHeader envoyExpectedTimeout() {
        return ENVOY;
    }

    /**
     * A header of this name with a whole number in this unit, rounded down but at least 1.
     *
     * @throws IllegalArgumentException if no header can have such a name
     */
    public static DeadlineHeader of(String name, TimeUnit unit) {
        Objects.requireNonNull(unit, "unit");
        if (name.isEmpty() || !name.chars().allMatch(DeadlineHeader::isTokenCharacter)) {
            throw new IllegalArgumentException("deadlineHeader: '" + name + "' (expected: a header's name)");
        }
        return new DeadlineHeader(name, unit);
    }

    /** RFC 9110 §5.6.2. */
    private static boolean isTokenCharacter(int c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
    }

    /** The request with the time that is left for it, in nanoseconds. */
    Request on(Request request, long nanos) {
        String own = request.header(name);
        if (own != null) {
            long asked = parse(own.trim());
            if (asked > 0 && asked <= nanos) {
                return request;
            }
        }
        return request.newBuilder().header(name, format(nanos)).build();
    }

    private String format(long nanos) {
        if (unit != null) {
            return String.valueOf(Math.max(1, unit.convert(nanos, TimeUnit.NANOSECONDS)));
        }
        TimeUnit[] units = TimeUnit.values();
        for (TimeUnit each : units) {
            long amount = each.convert(nanos, TimeUnit.NANOSECONDS);
            if (amount <= MAX_AMOUNT) {
                return Math.max(1, amount) + symbol(each);
            }
        }
        return MAX_AMOUNT + "H";
    }

    /** In nanoseconds; 0 if it can't be read. */
    private long parse(String value) {
        TimeUnit its = unit;
        String digits = value;
        if (its == null) {
            if (value.length() < 2 || value.length() > MAX_DIGITS + 1) {
                return 0;
            }
            digits = value.substring(0, value.length() - 1);
            its = unit(value.charAt(value.length() - 1));
        }
        if (its == null
                || digits.isEmpty()
                || digits.length() > 18
                || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
            return 0;
        }
        return its.toNanos(Long.parseLong(digits));
    }

    private static String symbol(TimeUnit unit) {
        return switch (unit) {
            case NANOSECONDS -> "n";
            case MICROSECONDS -> "u";
            case MILLISECONDS -> "m";
            case SECONDS -> "S";
            case MINUTES -> "M";
            case HOURS, DAYS -> "H";
        };
    }

    private static @Nullable TimeUnit unit(char symbol) {
        return switch (symbol) {
            case 'n' -> TimeUnit.NANOSECONDS;
            case 'u' -> TimeUnit.MICROSECONDS;
            case 'm' -> TimeUnit.MILLISECONDS;
            case 'S' -> TimeUnit.SECONDS;
            case 'M' -> TimeUnit.MINUTES;
            case 'H' -> TimeUnit.HOURS;
            default -> null;
        };
    }

    @Override
    public String toString() {
        return "DeadlineHeader[" + name + (unit == null ? "" : ", " + unit) + "]";
    }
}
