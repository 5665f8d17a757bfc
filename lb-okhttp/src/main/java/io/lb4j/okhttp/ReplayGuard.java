package io.lb4j.okhttp;

import java.io.IOException;
import okhttp3.Interceptor;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * Keeps OkHttp from answering {@code 503} with {@code Retry-After: 0} by sending the same request, POST or not, to the
 * same instance once more, which no setting turns off. As the outermost network interceptor it takes the header out of
 * OkHttp's sight; {@link #restore} puts it back for everybody above.
 */
final class ReplayGuard implements Interceptor {
    static final Interceptor INSTANCE = new ReplayGuard();
    private static final String HEADER = "Retry-After";
    private static final String HIDDEN = "lb4j-retry-after";

    private ReplayGuard() {}

    @Override
    public Response intercept(Chain chain) throws IOException {
        Response response = chain.proceed(chain.request());
        if (response.code() != 503) {
            return response;
        }
        String value = response.header(HEADER);
        return isZero(value)
                ? response.newBuilder()
                        .removeHeader(HEADER)
                        .header(HIDDEN, value)
                        .build()
                : response;
    }

    static Response restore(Response response) {
        if (response.code() != 503) {
            return response;
        }
        String value = response.header(HIDDEN);
        return value == null
                ? response
                : response.newBuilder()
                        .removeHeader(HIDDEN)
                        .header(HEADER, value)
                        .build();
    }

    @org.jspecify.annotations.NullUnmarked
    private static boolean isZero(@Nullable String value) {
        return value != null && !value.isEmpty() && value.chars().allMatch(c -> c == '0');
    }
}
