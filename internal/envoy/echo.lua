-- JSON text of a string of any bytes.
local function quote(s)
  return '"' .. s:gsub('[%c"\\]', function(c)
    return string.format('\\u%04x', c:byte())
  end) .. '"'
end

-- JSON object of lists, the names in the order of their first appearance;
-- pseudo-headers are returned beside it.
local function object(headers)
  local pseudo, names, values = {}, {}, {}
  for name, value in pairs(headers) do
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
  local members = {}
  for _, name in ipairs(names) do
    members[#members + 1] = quote(name) .. ':[' .. table.concat(values[name], ',') .. ']'
  end
  return '{' .. table.concat(members, ',') .. '}', pseudo
end

function envoy_on_request(handle)
  local headers, pseudo = object(handle:headers())
  local body = handle:body(true)
  local text = body:length() > 0 and body:getBytes(0, body:length()) or ''
  local trailers = handle:trailers()
  handle:respond({[':status'] = '200', ['content-type'] = 'application/json'}, table.concat({
    '{"method":', quote(pseudo[':method'] or ''),
    ',"path":', quote(pseudo[':path'] or ''),
    ',"authority":', quote(pseudo[':authority'] or ''),
    ',"headers":', headers,
    ',"body":', quote(text),
    trailers and ',"trailers":' .. object(trailers) or '',
    '}\n',
  }))
end
