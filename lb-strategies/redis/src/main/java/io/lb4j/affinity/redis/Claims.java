package io.lb4j.affinity.redis;

import io.lb4j.affinity.Claim;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Claims as Redis keeps them: {@code version instance}. */
final class Claims {
    private static final Pattern FORM = Pattern.compile("(\\d{1,18}) (.{1,255})");

    /**
     * In: the key; the instance, the claim that is lost or nothing, the time to live in milliseconds, the channel of moves,
     * and what the key is called there. Out: the claim in force.
     *
     * <p>Versions are the time in microseconds, so that they grow even if a claim was forgotten in between. A claim's
     * time is not renewed before a tenth of it has passed: that saves most writes, and with them most of the log.
     */
    static final String SCRIPT = """
            local held = redis.call('GET', KEYS[1])
            if held and held ~= ARGV[2] then
              if redis.call('PTTL', KEYS[1]) < ARGV[3] * 0.9 then
                redis.call('PEXPIRE', KEYS[1], ARGV[3])
              end
              return held
            end
            local time = redis.call('TIME')
            local version = time[1] * 1000000 + time[2]
            if held then
              version = math.max(version, tonumber(string.match(held, '^%d+')) + 1)
            end
            local claim = string.format('%.0f', version) .. ' ' .. ARGV[1]
            redis.call('SET', KEYS[1], claim, 'PX', ARGV[3])
            if held then
              redis.call('PUBLISH', ARGV[4], ARGV[5] .. ' ' .. claim)
            end
            return claim
            """;

    private Claims() {}

    static String format(Claim claim) {
        return claim.version() + " " + claim.instance();
    }

    /** The claim, or null if it isn't one. */
    static @Nullable Claim parse(String text) {
        Matcher matcher = FORM.matcher(text);
        return matcher.matches() ? new Claim(matcher.group(2), Long.parseLong(matcher.group(1))) : null;
    }
}
