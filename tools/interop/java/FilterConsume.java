import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import org.apache.rocketmq.client.consumer.MessageSelector;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * Consumes with an SQL92 expression, or with code that a filter server runs, until a number of distinct messages came, and
 * then for two seconds more: what should have been filtered out would come then. One line for each message. Exit code 4: the
 * subscription was refused, for the reason on stderr.
 * Arguments: nameServer topic group count output (sql | class) file timeoutSeconds; the file holds the expression or the code.
 */
public class FilterConsume {
    static int run(String[] args) throws Exception {
        String text = new String(Files.readAllBytes(Paths.get(args[6])), StandardCharsets.UTF_8);
        ConsumerRun run = new ConsumerRun(args, FilterConsume::line);
        // A busy machine answers late, and a consumer that does not start tells nothing of filters.
        run.consumer.setMqClientApiTimeout(30_000);
        run.consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            run.record(messages);
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        try {
            if (args[5].equals("sql")) {
                run.consumer.subscribe(args[1], MessageSelector.bySql(text));
            } else {
                run.consumer.subscribe(args[1], "interop.Filter", text);
            }
            run.consumer.start();
        } catch (MQClientException refused) {
            System.err.println(refused.getMessage());
            run.consumer.shutdown();
            return 4;
        }
        return run.await(args[7], 2000);
    }

    private static String line(MessageExt message) {
        return String.format("{\"seq\":%s,\"body\":\"%s\"}",
            message.getUserProperty("seq"), new String(message.getBody(), StandardCharsets.UTF_8));
    }
}
