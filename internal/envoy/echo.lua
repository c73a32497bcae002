-- JSON text of a string of any bytes.
local function quote(s)
  return '"' .. s:gsub('[%c"\\]', function(c)
    return string.format('\\u%04x', c:byte())
  end) .. '"'
end

function envoy_on_request(handle)
  local pseudo, names, values = {}, {}, {}
  for name, value in pairs(handle:headers()) do
    if name:sub(1, 1) == ':' then
      pseudo[name] = value
    else
      if not values[name] then
        names[#names + 1] = name
        values[name] = {}
      end
      table.insert(values[name], quote(value))
    end
  end
  local headers = {}
  for _, name in ipairs(names) do
    headers[#headers + 1] = quote(name) .. ':[' .. table.concat(values[name], ',') .. ']'
  end
  local body = handle:body(true)
  local text = body:length() > 0 and body:getBytes(0, body:length()) or ''
  handle:respond({[':status'] = '200', ['content-type'] = 'application/json'}, string.format(
    '{"method":%s,"path":%s,"authority":%s,"headers":{%s},"body":%s}\n',
    quote(pseudo[':method'] or ''), quote(pseudo[':path'] or ''), quote(pseudo[':authority'] or ''),
    table.concat(headers, ','), quote(text)))
end
