package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import okhttp3.Dns;
import okhttp3.Interceptor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostsTest {
    /** What a chain of OkHttp before 5.4 is like. */
    private interface OldChain {}

    @ParameterizedTest
    @CsvSource({
        "orders, true",
        "my-orders, true",
        "my_orders, true",
        "a1, true",
        "orders.internal, false",
        "127.0.0.1, false",
        "::1, false",
        "2130706433, false",
        "orders., false"
    })
    void singleLabel_namesAndAddresses_areToldApart(String host, boolean single) {
        assertThat(Hosts.isSingleLabel(host)).isEqualTo(single);
    }

    @Test
    void okHttp_oldOnTheClassPath_isRefusedWithAdvice() throws Exception {
        OkHttpVersion.check(Interceptor.Chain.class);
        assertThat(Interceptor.Chain.class.getMethod("withDns", Dns.class)).isNotNull();

        assertThatIllegalStateException()
                .isThrownBy(() -> OkHttpVersion.check(OldChain.class))
                .withMessageContaining("no Interceptor.Chain.withDns (expected: 5.4 or later)")
                .withMessageContaining("file:")
                .withMessageContaining("okhttp-bom");
    }
}
