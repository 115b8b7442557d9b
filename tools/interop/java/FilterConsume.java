import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.MessageSelector;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * Consumes with an SQL92 expression, or with code that a filter server runs, until a number of distinct messages came, and
 * then for two seconds more: what should have been filtered out would come then. One line for each message. Exit code 4: the
 * subscription was refused, for the reason on stderr.
 * Arguments: nameServer topic group count output (sql | class) file timeoutSeconds; the file holds the expression or the code.
 */
public class FilterConsume {
    public static void main(String[] args) throws Exception {
        String text = new String(Files.readAllBytes(Paths.get(args[6])), StandardCharsets.UTF_8);
        int count = Integer.parseInt(args[3]);
        Set<String> seen = ConcurrentHashMap.newKeySet();
        CountDownLatch done = new CountDownLatch(1);
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(args[2]);
        consumer.setNamesrvAddr(args[0]);
        consumer.setInstanceName("filter-" + System.nanoTime());
        // A busy machine answers late, and a consumer that does not start tells nothing of filters.
        consumer.setMqClientApiTimeout(30_000);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        PrintWriter out = new PrintWriter(args[4], "UTF-8");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            synchronized (out) {
                for (MessageExt message : messages) {
                    out.printf("{\"seq\":%s,\"body\":\"%s\"}%n", message.getUserProperty("seq"),
                        new String(message.getBody(), StandardCharsets.UTF_8));
                    seen.add(message.getUserProperty("seq"));
                }
                out.flush();
            }
            if (seen.size() >= count) {
                done.countDown();
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        try {
            if (args[5].equals("sql")) {
                consumer.subscribe(args[1], MessageSelector.bySql(text));
            } else {
                consumer.subscribe(args[1], "interop.Filter", text);
            }
            consumer.start();
        } catch (MQClientException refused) {
            System.err.println(refused.getMessage());
            System.exit(4);
        }
        boolean complete = done.await(Long.parseLong(args[7]), TimeUnit.SECONDS);
        Thread.sleep(2000);
        consumer.shutdown();
        synchronized (out) {
            out.close();
        }
        System.exit(complete ? 0 : 3);
    }
}
